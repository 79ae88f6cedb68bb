//! Offers by which a person signs in on another device.

use async_trait::async_trait;
use papo_domain::{Account, DeviceText, SessionId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStorage, rows, sessions};
use crate::{NewSession, Offer, Offers, Served, StorageError, Taker, TokenHash};

#[async_trait]
impl Offers for SqliteStorage {
    async fn make_offer(
        &self,
        session: SessionId,
        offer: TokenHash,
        until: Served,
        now: Served,
    ) -> Result<bool, StorageError> {
        self.write(move |db| make(db, session, offer, until, now))
            .await
    }

    async fn offer(&self, offer: TokenHash, now: Served) -> Result<Option<Offer>, StorageError> {
        self.read(move |db| find(db, offer, now)).await
    }

    async fn take_offer(
        &self,
        offer: TokenHash,
        taker: Taker,
        now: Served,
    ) -> Result<bool, StorageError> {
        self.write(move |db| take(db, offer, &taker, now)).await
    }

    async fn confirm_offer(
        &self,
        session: SessionId,
        offer: TokenHash,
        code: i64,
        now: Served,
    ) -> Result<bool, StorageError> {
        self.write(move |db| {
            let confirmed = db
                .prepare_cached(
                    "UPDATE offer SET is_confirmed = 1 WHERE token = ?1 AND session_id = ?2 \
                     AND code = ?3 AND until > ?4",
                )?
                .execute(params![offer.0, session.0, code, now.0])?;
            Ok(confirmed > 0)
        })
        .await
    }

    async fn end_offer(&self, session: SessionId, offer: TokenHash) -> Result<(), StorageError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM offer WHERE token = ?1 AND session_id = ?2")?
                .execute(params![offer.0, session.0])?;
            Ok(())
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
        self.write(move |db| claim(db, offer, taker, &session, before))
            .await
    }
}

/// Makes an offer.
pub(super) fn make(
    db: &Connection,
    session: SessionId,
    offer: TokenHash,
    until: Served,
    now: Served,
) -> Result<bool, StorageError> {
    db.prepare_cached("DELETE FROM offer WHERE session_id = ?1 OR until <= ?2")?
        .execute(params![session.0, now.0])?;
    let made = db
        .prepare_cached(
            "INSERT INTO offer (token, session_id, until) \
             SELECT ?2, session.id, ?3 FROM session JOIN account USING (person_id) \
             WHERE session.id = ?1",
        )?
        .execute(params![session.0, offer.0, until.0])?;
    Ok(made > 0)
}

/// An offer that holds.
pub(super) fn find(
    db: &Connection,
    offer: TokenHash,
    now: Served,
) -> Result<Option<Offer>, StorageError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT offer.session_id, offer.taker, offer.code, offer.device, offer.is_confirmed, {} \
         FROM offer JOIN session ON session.id = offer.session_id \
         JOIN account ON account.person_id = session.person_id \
         WHERE offer.token = ?1 AND offer.until > ?2",
        rows::ACCOUNT
    ))?;
    let offer = statement.query_row(params![offer.0, now.0], |row| {
        let taker = match row.get::<_, Option<[u8; 32]>>(1)? {
            Some(token) => Some(Taker {
                token: TokenHash(token),
                code: row.get(2)?,
                device: DeviceText::from_stored(&rows::text(row, 3)?),
            }),
            None => None,
        };
        Ok(Offer {
            session: SessionId(row.get(0)?),
            account: rows::account(row, 5)?,
            taker,
            is_confirmed: row.get(4)?,
        })
    });
    Ok(offer.optional()?)
}

/// Takes an offer.
pub(super) fn take(
    db: &Connection,
    offer: TokenHash,
    taker: &Taker,
    now: Served,
) -> Result<bool, StorageError> {
    let changed = db
        .prepare_cached(
            "UPDATE offer SET taker = ?2, code = ?3, device = ?4 \
             WHERE token = ?1 AND taker IS NULL AND until > ?5",
        )?
        .execute(params![
            offer.0,
            taker.token.0,
            taker.code,
            taker.device.as_str(),
            now.0
        ])?;
    Ok(changed > 0)
}

/// Signs in with a confirmed offer.
pub(super) fn claim(
    db: &Connection,
    offer: TokenHash,
    taker: TokenHash,
    session: &NewSession,
    before: Option<SessionId>,
) -> Result<Option<(Account, SessionId)>, StorageError> {
    let found = find(db, offer, session.used)?;
    let found = found.filter(|offer| {
        let is_taker = offer.taker.as_ref().map(|taker| taker.token) == Some(taker);
        is_taker && offer.is_confirmed && !offer.account.is_suspended
    });
    let Some(Offer { account, .. }) = found else {
        return Ok(None);
    };
    db.prepare_cached("DELETE FROM offer WHERE token = ?1")?
        .execute([offer.0])?;
    let made = sessions::start(db, account.person, session, before)?;
    Ok(Some((account, made)))
}
