//! The people who have an account.

use async_trait::async_trait;

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::{PostgresStorage, rows};
use crate::fold::fold;
use crate::{AccountFilter, AccountOverview, People, Served, StorageError};

#[async_trait]
impl People for PostgresStorage {
    async fn find_accounts(
        &self,
        filter: AccountFilter,
    ) -> Result<Vec<AccountOverview>, StorageError> {
        self.read(filter, |db, filter| Box::pin(find(db, filter)))
            .await
    }
}

/// Accounts by name.
pub(super) async fn find(
    db: &Connection,
    filter: &AccountFilter,
) -> Result<Vec<AccountOverview>, Failure> {
    let search = filter.search.as_deref().map(fold);
    if search.as_ref().is_some_and(|search| search.contains('\0')) {
        // No stored text has this character, and PostgreSQL refuses it.
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT (SELECT count(*) FROM session WHERE session.person_id = account.person_id), \
         (SELECT max(last_used) FROM session WHERE session.person_id = account.person_id), {} \
         FROM account WHERE ($1::text IS NULL OR position($1 IN name_key) > 0) \
         AND ($2::boolean IS NULL OR is_admin = $2) \
         AND ($3::boolean IS NULL OR is_suspended = $3) \
         ORDER BY name_key, id LIMIT $4 OFFSET $5",
        rows::ACCOUNT
    );
    let (limit, offset) = (rows::count(filter.limit), rows::count(filter.offset));
    let values: [Value<'_>; 5] = [
        &search,
        &filter.is_admin,
        &filter.is_suspended,
        &limit,
        &offset,
    ];
    let found = db.rows(&sql, &values).await?;
    let overview = |row| {
        let row: &tokio_postgres::Row = row;
        Ok(AccountOverview {
            sessions: row.try_get::<_, i64>(0)?.unsigned_abs(),
            last_used: row.try_get::<_, Option<i64>>(1)?.map(Served),
            account: rows::account(row, 2)?,
        })
    };
    found.iter().map(overview).collect()
}
