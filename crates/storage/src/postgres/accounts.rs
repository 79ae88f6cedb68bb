//! Accounts.

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AccountName, AuditAccount, AuditAct, Likeness, PersonId, RoomId, SessionId,
    skeleton,
};

use super::connection::Connection;
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{
    PostgresStorage, administrators, audit, inboxes, memberships, persons, revocations, rooms,
    rows, schema, setup_token,
};
use crate::audit::AuditNote;
use crate::fold::fold;
use crate::names::{self, Owner};
use crate::{
    AccountRefusal, Accounts, InboxChange, NewAccount, Revoked, StorageError, StoredPassword,
};

/// A condition: no administrator can sign in.
pub(super) const NO_ADMINISTRATOR: &str =
    "NOT EXISTS (SELECT 1 FROM account WHERE is_admin AND NOT is_suspended)";

#[async_trait]
impl Accounts for PostgresStorage {
    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError> {
        // This takes too long to do it while holding a lock.
        let likeness = Likeness::of(account.name.as_str());
        self.write((account, likeness), |db, (account, likeness)| {
            Box::pin(create(db, account, likeness))
        })
        .await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StorageError> {
        self.read((), |db, ()| Box::pin(accounts(db))).await
    }

    async fn has_administrator(&self) -> Result<bool, StorageError> {
        self.read((), |db, ()| Box::pin(has_administrator(db)))
            .await
    }

    async fn rename_account(
        &self,
        session: SessionId,
        name: AccountName,
    ) -> Result<Result<(), AccountRefusal>, StorageError> {
        let likeness = Likeness::of(name.as_str());
        let with = (session, name, likeness);
        self.write(with, |db, (session, name, likeness)| {
            Box::pin(rename(db, *session, name, likeness))
        })
        .await
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, StorageError> {
        self.read(account, |db, &account| Box::pin(by_id(db, account)))
            .await
    }

    async fn account_password(
        &self,
        name: AccountName,
    ) -> Result<Option<(Account, StoredPassword)>, StorageError> {
        self.read(name, |db, name| Box::pin(password(db, name)))
            .await
    }
}

/// Makes an account, and removes others who have its name from their rooms. An administrator's
/// account ends the one-time token. `likeness` is the name's.
pub(super) async fn create(
    db: &Connection,
    account: &NewAccount,
    likeness: &Likeness,
) -> Result<Account, Failure> {
    locks::take(db, Lock::Names).await?;
    if account.is_signed_up && !memberships::holders(db, likeness).await?.is_empty() {
        return Err(StorageError::Exists("an account with a name like this").into());
    }
    let maker = match account.made_by {
        Some(by) => Some(administrators::check(db, by).await?.ok().flatten()),
        None => None,
    };
    let skeleton = skeleton(account.name.as_str());
    // Locks the rooms before the person; the end of a session locks in this order too.
    lock_rooms_of_name(db, &skeleton, account.person).await?;
    persons::make(db, account.person, account.at).await?;
    let sql = format!(
        "INSERT INTO account (person_id, name, name_key, skeleton, password, is_admin, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING {}",
        rows::ACCOUNT
    );
    let made = db
        .row(
            &sql,
            &[
                &account.person.0.cast_signed(),
                &account.name.as_str(),
                &fold(account.name.as_str()),
                &skeleton,
                &account.password.0,
                &account.is_admin,
                &account.at.as_millis(),
            ],
        )
        .await?;
    let Some(made) = made else {
        return Err(StorageError::Exists("an account with this name").into());
    };
    let joined = memberships::join_first(db, account, likeness).await?;
    let made = rows::account(&made, 0)?;
    if let Some(by) = maker {
        let act = AuditAct::AccountMade(AuditAccount::new(made.id, made.name.as_str()));
        let at = account.at;
        audit::add(db, &AuditNote { by, at, act }).await?;
    }
    if account.is_admin {
        setup_token::end(db).await?;
    }
    // These come last: they add revocations and entries of inboxes.
    take_name(db, &skeleton, account.person).await?;
    let joined = joined.into_iter();
    let joined = joined.map(|room| (account.person, InboxChange::Joined(room)));
    inboxes::add(db, joined.collect()).await?;
    Ok(made)
}

/// Gives the account of a session another name. `likeness` is the name's. It locks the session and
/// then rooms, as the end of a session does.
async fn rename(
    db: &Connection,
    session: SessionId,
    name: &AccountName,
    likeness: &Likeness,
) -> Result<Result<(), AccountRefusal>, Failure> {
    locks::take(db, Lock::Names).await?;
    let sql = format!(
        "SELECT {} FROM account JOIN session USING (person_id) WHERE session.id = $1 \
         FOR SHARE OF session",
        rows::ACCOUNT
    );
    let Some(row) = db.row(&sql, &[&session.0]).await? else {
        return Ok(Err(AccountRefusal::NoAccount));
    };
    let account = rows::account(&row, 0)?;
    let holders = memberships::holders(db, likeness).await?;
    if let Err(refusal) = names::check_account(likeness, Owner::from(&account), &holders) {
        return Ok(Err(refusal));
    }
    let skeleton = skeleton(name.as_str());
    lock_rooms_of_name(db, &skeleton, account.person).await?;
    let sql = "UPDATE account SET name = $2, name_key = $3, skeleton = $4 WHERE id = $1";
    let (text, key) = (name.as_str(), fold(name.as_str()));
    db.execute(sql, &[&account.id.0, &text, &key, &skeleton])
        .await?;
    let renamed = memberships::rename(db, &account, name, likeness).await?;
    take_name(db, &skeleton, account.person).await?;
    revocations::add(db, renamed).await?;
    Ok(Ok(()))
}

/// The condition for memberships of all but one person under a name that could be mistaken for this
/// one.
const NAMESAKES: &str = "position(' ' || $1::text || ' ' IN likeness) > 0 AND person_id <> $2";

/// Locks the rooms where somebody but the owner has such a name. Nobody can take the name
/// meanwhile.
async fn lock_rooms_of_name(
    db: &Connection,
    skeleton: &str,
    owner: PersonId,
) -> Result<(), Failure> {
    let sql = format!("SELECT DISTINCT room_id FROM membership WHERE {NAMESAKES}");
    let found = db.rows(&sql, &[&skeleton, &owner.0.cast_signed()]).await?;
    let found = found.iter().map(|row| Ok(RoomId(row.try_get(0)?)));
    rooms::lock(db, &found.collect::<Result<Vec<_>, Failure>>()?).await
}

/// Removes everyone but the owner from the rooms where they have such a name.
async fn take_name(db: &Connection, skeleton: &str, owner: PersonId) -> Result<(), Failure> {
    let sql = format!("DELETE FROM membership WHERE {NAMESAKES} RETURNING person_id, room_id");
    let ended = db.rows(&sql, &[&skeleton, &owner.0.cast_signed()]).await?;
    let ended = ended.iter().map(|row| {
        let room = Revoked::Left(RoomId(row.try_get(1)?));
        Ok((rows::person(row, 0)?, room))
    });
    revocations::add(db, ended.collect::<Result<Vec<_>, Failure>>()?).await
}

/// All accounts by name.
pub(super) async fn accounts(db: &Connection) -> Result<Vec<Account>, Failure> {
    let sql = format!(
        "SELECT {} FROM account ORDER BY name_key, id",
        rows::ACCOUNT
    );
    let found = db.rows(&sql, &[]).await?;
    found.iter().map(|row| rows::account(row, 0)).collect()
}

/// One account.
pub(super) async fn by_id(db: &Connection, account: AccountId) -> Result<Option<Account>, Failure> {
    let sql = format!("SELECT {} FROM account WHERE id = $1", rows::ACCOUNT);
    let row = db.row(&sql, &[&account.0]).await?;
    row.as_ref().map(|row| rows::account(row, 0)).transpose()
}

/// The account with this name, and its password's hash.
pub(super) async fn password(
    db: &Connection,
    name: &AccountName,
) -> Result<Option<(Account, StoredPassword)>, Failure> {
    let sql = format!(
        "SELECT password, {} FROM account WHERE skeleton = $1",
        rows::ACCOUNT
    );
    let Some(row) = db.row(&sql, &[&skeleton(name.as_str())]).await? else {
        return Ok(None);
    };
    Ok(Some((
        rows::account(&row, 1)?,
        StoredPassword(row.try_get(0)?),
    )))
}

/// Whether somebody can sign in and administer.
pub(super) async fn has_administrator(db: &Connection) -> Result<bool, Failure> {
    schema::one(db, &format!("SELECT NOT {NO_ADMINISTRATOR}")).await
}
