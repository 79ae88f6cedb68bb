//! Offers by which a person signs in on another device.

use async_trait::async_trait;
use papo_domain::{Account, DeviceText, SessionId};

use super::connection::{Connection, Value};
use super::errors::Failure;
use super::locks::{self, Lock};
use super::{PostgresStorage, rows, sessions};
use crate::{NewSession, Offer, Offers, Served, StorageError, Taker, TokenHash};

#[async_trait]
impl Offers for PostgresStorage {
    async fn make_offer(
        &self,
        session: SessionId,
        offer: TokenHash,
        until: Served,
        now: Served,
    ) -> Result<bool, StorageError> {
        let with = (session, offer, until, now);
        self.write(with, |db, &(session, offer, until, now)| {
            Box::pin(make(db, session, offer, until, now))
        })
        .await
    }

    async fn offer(&self, offer: TokenHash, now: Served) -> Result<Option<Offer>, StorageError> {
        self.read((offer, now), |db, &(offer, now)| {
            Box::pin(find(db, offer, now, ""))
        })
        .await
    }

    async fn take_offer(
        &self,
        offer: TokenHash,
        taker: Taker,
        now: Served,
    ) -> Result<bool, StorageError> {
        self.write((offer, taker, now), |db, (offer, taker, now)| {
            Box::pin(take(db, *offer, taker, *now))
        })
        .await
    }

    async fn confirm_offer(
        &self,
        session: SessionId,
        offer: TokenHash,
        code: i64,
        now: Served,
    ) -> Result<bool, StorageError> {
        let with = (session, offer, code, now);
        self.write(with, |db, &(session, offer, code, now)| {
            Box::pin(confirm(db, session, offer, code, now))
        })
        .await
    }

    async fn end_offer(&self, session: SessionId, offer: TokenHash) -> Result<(), StorageError> {
        self.write((session, offer), |db, &(session, offer)| {
            Box::pin(end(db, session, offer))
        })
        .await
    }

    async fn claim_offer(
        &self,
        offer: TokenHash,
        taker: TokenHash,
        session: NewSession,
        before: Option<SessionId>,
    ) -> Result<Option<(Account, SessionId)>, StorageError> {
        self.present.note(session.used);
        let with = (offer, taker, session, before);
        self.write(with, |db, (offer, taker, session, before)| {
            Box::pin(claim(db, *offer, *taker, session, *before))
        })
        .await
    }
}

async fn make(
    db: &Connection,
    session: SessionId,
    offer: TokenHash,
    until: Served,
    now: Served,
) -> Result<bool, Failure> {
    let sql = "DELETE FROM offer WHERE session_id = $1 OR until <= $2";
    db.execute(sql, &[&session.0, &now.0]).await?;
    let sql = "INSERT INTO offer (token, session_id, until) \
        SELECT $2, session.id, $3 FROM session JOIN account USING (person_id) \
        WHERE session.id = $1";
    let values: [Value<'_>; 3] = [&session.0, &offer.0.as_slice(), &until.0];
    Ok(db.execute(sql, &values).await? > 0)
}

/// An offer that holds. `lock` is the end of the statement.
async fn find(
    db: &Connection,
    offer: TokenHash,
    now: Served,
    lock: &str,
) -> Result<Option<Offer>, Failure> {
    let sql = format!(
        "SELECT offer.session_id, offer.taker, offer.code, offer.device, offer.is_confirmed, {} \
         FROM offer JOIN session ON session.id = offer.session_id \
         JOIN account ON account.person_id = session.person_id \
         WHERE offer.token = $1 AND offer.until > $2 {lock}",
        rows::ACCOUNT
    );
    let Some(row) = db.row(&sql, &[&offer.0.as_slice(), &now.0]).await? else {
        return Ok(None);
    };
    let taker = match row.try_get::<_, Option<Vec<u8>>>(1)? {
        Some(token) => Some(Taker {
            token: rows::token(token)?,
            code: row.try_get(2)?,
            device: DeviceText::from_stored(row.try_get(3)?),
        }),
        None => None,
    };
    Ok(Some(Offer {
        session: SessionId(row.try_get(0)?),
        account: rows::account(&row, 5)?,
        taker,
        is_confirmed: row.try_get(4)?,
    }))
}

async fn take(
    db: &Connection,
    offer: TokenHash,
    taker: &Taker,
    now: Served,
) -> Result<bool, Failure> {
    let sql = "UPDATE offer SET taker = $2, code = $3, device = $4 \
        WHERE token = $1 AND taker IS NULL AND until > $5";
    let (offer, token) = (offer.0.as_slice(), taker.token.0.as_slice());
    let device = taker.device.as_str();
    let values: [Value<'_>; 5] = [&offer, &token, &taker.code, &device, &now.0];
    Ok(db.execute(sql, &values).await? > 0)
}

async fn confirm(
    db: &Connection,
    session: SessionId,
    offer: TokenHash,
    code: i64,
    now: Served,
) -> Result<bool, Failure> {
    let sql = "UPDATE offer SET is_confirmed = true WHERE token = $1 AND session_id = $2 \
        AND code = $3 AND until > $4";
    let offer = offer.0.as_slice();
    let values: [Value<'_>; 4] = [&offer, &session.0, &code, &now.0];
    Ok(db.execute(sql, &values).await? > 0)
}

async fn end(db: &Connection, session: SessionId, offer: TokenHash) -> Result<(), Failure> {
    let sql = "DELETE FROM offer WHERE token = $1 AND session_id = $2";
    db.execute(sql, &[&offer.0.as_slice(), &session.0]).await?;
    Ok(())
}

/// Signs in with a confirmed offer. The locks are those of a sign-in with a password; that on the
/// session comes first, as in the end of sessions.
async fn claim(
    db: &Connection,
    offer: TokenHash,
    taker: TokenHash,
    session: &NewSession,
    before: Option<SessionId>,
) -> Result<Option<(Account, SessionId)>, Failure> {
    locks::share(db, Lock::Names).await?;
    let lock = "FOR SHARE OF session, account FOR UPDATE OF offer";
    let found = find(db, offer, session.used, lock).await?;
    let found = found.filter(|offer| {
        let is_taker = offer.taker.as_ref().map(|taker| taker.token) == Some(taker);
        is_taker && offer.is_confirmed && !offer.account.is_suspended
    });
    let Some(Offer { account, .. }) = found else {
        return Ok(None);
    };
    let sql = "DELETE FROM offer WHERE token = $1";
    db.execute(sql, &[&offer.0.as_slice()]).await?;
    let made = sessions::start(db, account.person, session, before).await?;
    Ok(Some((account, made)))
}
