//! The people who have an account.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::{SqliteStorage, rows};
use crate::fold::fold;
use crate::{AccountFilter, AccountOverview, People, Served, StorageError};

#[async_trait]
impl People for SqliteStorage {
    async fn find_accounts(
        &self,
        filter: AccountFilter,
    ) -> Result<Vec<AccountOverview>, StorageError> {
        self.read(move |db| find(db, &filter)).await
    }
}

/// Accounts by name.
pub(super) fn find(
    db: &Connection,
    filter: &AccountFilter,
) -> Result<Vec<AccountOverview>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT (SELECT count(*) FROM session WHERE session.person_id = account.person_id), \
         (SELECT max(last_used) FROM session WHERE session.person_id = account.person_id), {} \
         FROM account WHERE (?1 IS NULL OR instr(fold(name), ?1) > 0) \
         AND (?2 IS NULL OR is_admin = ?2) AND (?3 IS NULL OR is_suspended = ?3) \
         ORDER BY fold(name), id LIMIT ?4 OFFSET ?5",
        rows::ACCOUNT
    ))?;
    let parameters = params![
        filter.search.as_deref().map(fold),
        filter.is_admin,
        filter.is_suspended,
        rows::count(filter.limit),
        rows::count(filter.offset),
    ];
    let found = statement.query_map(parameters, |row| {
        Ok(AccountOverview {
            sessions: row.get::<_, i64>(0)?.unsigned_abs(),
            last_used: row.get::<_, Option<i64>>(1)?.map(Served),
            account: rows::account(row, 2)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
