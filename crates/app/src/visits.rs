//! Joining and leaving: sessions, and the rooms that people are in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use papo_channel_layer::{Notice, Signal};
use papo_domain::{Account, PersonId, RoomId, SessionId, Username};
use papo_storage::{
    Joined, NewSession, SESSION_LIFETIME, Session, SessionToken, StorageError, StoredPassword,
    TokenHash,
};
use sha2::{Digest, Sha256};

use crate::{Action, App, Error, defects};

/// A session's use is noted at most this often, so that reading pages doesn't write.
const TOUCH_PAUSE: Duration = Duration::from_hours(24);

/// Somebody with a session, in one request.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub(crate) session: Session,
    /// The room in view.
    pub(crate) room: Option<RoomId>,
}

/// The result of joining.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The token of a session that was made for this.
    pub token: Option<String>,
}

/// The result of signing in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The new session's token.
    pub token: String,
    /// What the browser keeps, so that the server knows it at the next sign-in.
    pub kept: String,
}

impl Visitor {
    /// The person, the same on all their devices.
    pub fn person(&self) -> PersonId {
        self.session.person
    }

    /// The account that signed in, if one did.
    pub fn account(&self) -> Option<&Account> {
        self.session.account.as_ref()
    }

    /// The name in the room in view, if they are in it.
    pub fn username(&self) -> Option<&Username> {
        self.session.username.as_ref()
    }

    /// A name for the form: the one in the room, else the account's, else the one used last.
    pub fn suggested_username(&self) -> Option<&Username> {
        let account = self.account().map(|account| account.name.as_username());
        self.username()
            .or(account)
            .or(self.session.last_username.as_ref())
    }
}

impl App {
    /// The visitor with this token, and their name in `room`. An unknown token belongs to nobody:
    /// the server never adopts it.
    pub async fn visitor(
        &self,
        token: Option<&str>,
        room: Option<RoomId>,
    ) -> Result<Option<Visitor>, Error> {
        let Some(hash) = token.and_then(hash_of) else {
            return Ok(None);
        };
        let Some(session) = self.storage.session(hash, room).await? else {
            return Ok(None);
        };
        let now = self.served();
        if now.before(TOUCH_PAUSE) > session.last_used {
            // A disk that takes no writes must not keep people from reading.
            if let Err(error) = self.storage.touch_session(session.id, now).await {
                tracing::warn!(%error, "can't note that a session is used");
            }
        }
        Ok(Some(Visitor { session, room }))
    }

    /// Joins a room under a typed name, or changes the name in it.
    pub async fn join(
        &self,
        visitor: Option<&Visitor>,
        room: RoomId,
        typed: &str,
        address: IpAddr,
    ) -> Result<Admitted, Error> {
        let username = Username::parse(typed)?;
        let person = visitor.map(Visitor::person);
        self.rate_limits
            .check(Action::Join, person, Some(address), None)?;
        // For a stranger this check also avoids making a session that nobody would use.
        self.room_to_join(visitor, room).await?;
        let now = self.settings.clock.now();
        let (id, person, token) = self.session_for(visitor).await?;
        let (storage, hub) = (Arc::clone(&self.storage), Arc::clone(&self.hub));
        let join = async move {
            let joined = storage.join(id, room, username.clone(), now).await?;
            if let Ok(Joined {
                previous: Some(previous),
                ..
            }) = &joined
                && *previous != username
            {
                hub.notice(person, &Notice::Changed(room));
                hub.tell(Signal::Changed);
            }
            Ok(joined)
        };
        match self.to_the_end(join).await? {
            Ok(joined) if joined.previous.is_none() => self.tell_inbox(),
            Ok(_) => {}
            Err(refusal) => {
                if token.is_some() {
                    self.storage.end_session(id).await?;
                }
                return Err(refusal.into());
            }
        }
        Ok(Admitted { token })
    }

    /// Joins the room of an invitation under a typed name. Returns the room, and the token of a
    /// session that was made for this.
    pub async fn accept_invitation(
        &self,
        visitor: Option<&Visitor>,
        token: &str,
        typed: &str,
        address: IpAddr,
    ) -> Result<(RoomId, Admitted), Error> {
        let username = Username::parse(typed)?;
        let person = visitor.map(Visitor::person);
        self.rate_limits
            .check(Action::Join, person, Some(address), None)?;
        let invited = self.invited_room(token).await?;
        let has_account = visitor.is_some_and(|visitor| visitor.account().is_some());
        if !has_account && !self.place().admits_guests {
            return Err(Error::NeedsAccount);
        }
        let now = self.settings.clock.now();
        let (id, _, made) = self.session_for(visitor).await?;
        let (storage, hash) = (Arc::clone(&self.storage), invited.token);
        let accept = async move { Ok(storage.accept_invitation(id, hash, username, now).await?) };
        match self.to_the_end(accept).await? {
            Ok(joined) => {
                self.tell_inbox();
                Ok((joined.room.id, Admitted { token: made }))
            }
            Err(refusal) => {
                if made.is_some() {
                    self.storage.end_session(id).await?;
                }
                Err(refusal.into())
            }
        }
    }

    /// The visitor's session, or a new one of a new guest, with its token.
    async fn session_for(
        &self,
        visitor: Option<&Visitor>,
    ) -> Result<(SessionId, PersonId, Option<String>), Error> {
        if let Some(visitor) = visitor {
            return Ok((visitor.session.id, visitor.person(), None));
        }
        let (text, session) = self.new_session();
        let person = self.settings.random.person();
        let id = self.storage.create_session(person, session).await?;
        Ok((id, person, Some(text)))
    }

    /// Leaves a room, or all. When this returns, later messages in it reach no device of the
    /// visitor on this node.
    pub async fn leave(&self, visitor: &Visitor, room: Option<RoomId>) -> Result<(), Error> {
        let (id, person) = (visitor.session.id, visitor.person());
        let (storage, hub) = (Arc::clone(&self.storage), Arc::clone(&self.hub));
        let left = self.to_the_end(async move {
            let left = storage.leave(id, room).await?;
            for left in &left {
                if !defects::has("no-revocation") {
                    hub.notice(person, &Notice::Changed(*left));
                }
            }
            Ok(left)
        });
        if !left.await?.is_empty() {
            self.tell_changed();
        }
        Ok(())
    }

    /// The rooms that the visitor is in, with the name in each.
    pub async fn memberships(&self, visitor: &Visitor) -> Result<Vec<(RoomId, Username)>, Error> {
        Ok(self.storage.memberships(visitor.session.id).await?)
    }

    /// Makes a session for an account, whose password the caller has checked. Ends the session
    /// before it, on its open connections too.
    pub(crate) async fn start_session(
        &self,
        account: &Account,
        password: StoredPassword,
        before: Option<&Visitor>,
        kept: &str,
    ) -> Result<SignedIn, Error> {
        let (text, session) = self.new_session();
        let (storage, hub) = (Arc::clone(&self.storage), Arc::clone(&self.hub));
        let ended = before.map(|visitor| (visitor.person(), visitor.session.id));
        let account_id = account.id;
        let random = &self.settings.random;
        let kept = self.devices.keep(kept, &account.name, &password, random);
        let sign_in = async move {
            let before = ended.map(|(_, session)| session);
            let made = storage.sign_in(account_id, password, session, before);
            // The account may have changed since the password was checked.
            made.await?.ok_or(Error::SignIn)?;
            if let Some((person, session)) = ended {
                hub.end_session(person, session);
                hub.tell(Signal::Changed);
            }
            Ok(())
        };
        self.to_the_end(sign_in).await?;
        // A guest's rooms may have moved to the account.
        self.tell_inbox();
        Ok(SignedIn { token: text, kept })
    }

    /// Ends a session, on its open connections too.
    pub(crate) async fn end_session(&self, visitor: &Visitor) -> Result<(), Error> {
        let (id, person) = (visitor.session.id, visitor.person());
        let (storage, hub) = (Arc::clone(&self.storage), Arc::clone(&self.hub));
        let end = async move {
            storage.end_session(id).await?;
            hub.end_session(person, id);
            Ok(())
        };
        self.to_the_end(end).await?;
        self.tell_changed();
        Ok(())
    }

    /// Ends the sessions that were unused for too long.
    pub(crate) async fn expire_sessions(&self) -> Result<(), StorageError> {
        let unused_since = self.serve_on().await?.before(SESSION_LIFETIME);
        self.storage.expire_sessions(unused_since).await?;
        Ok(())
    }

    /// Gives a notice to those who follow or watch a room that they aren't in any more, or whose
    /// session has ended. The cause may be a new account with their name, the session's age, or a
    /// command.
    pub(crate) async fn end_lost_rights(&self) -> Result<(), Error> {
        let mut followed: HashMap<(PersonId, SessionId), Vec<RoomId>> = HashMap::new();
        for room in self.hub.rooms() {
            for follower in room.sessions() {
                followed.entry(follower).or_default().push(room.id);
            }
        }
        for watcher in self.hub.watchers() {
            let key = (watcher.person, watcher.session);
            followed
                .entry(key)
                .or_default()
                .extend(watcher.watched_rooms());
        }
        for ((person, session), rooms) in followed {
            let memberships = self.storage.memberships(session).await?;
            for room in rooms {
                if !memberships.iter().any(|(member, _)| *member == room) {
                    self.hub.notice(person, &Notice::Changed(room));
                }
            }
        }
        Ok(())
    }

    /// Runs work to its end even if the caller goes away: a change and its notices belong together.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.tasks.spawn(work).await.unwrap_or(Err(Error::Internal))
    }

    /// A new session, and its token.
    pub(crate) fn new_session(&self) -> (String, NewSession) {
        let (text, token) = self.new_token();
        let session = NewSession {
            token,
            at: self.settings.clock.now(),
            used: self.served(),
        };
        (text, session)
    }

    /// A new secret, and its hash.
    pub(crate) fn new_token(&self) -> (String, TokenHash) {
        let token = SessionToken(self.settings.random.bytes());
        (BASE64URL_NOPAD.encode(&token.0), hash(&token))
    }
}

/// The hash of a token that has a token's form.
pub(crate) fn hash_of(text: &str) -> Option<TokenHash> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    Some(hash(&SessionToken(bytes.try_into().ok()?)))
}

fn hash(token: &SessionToken) -> TokenHash {
    TokenHash(Sha256::digest(token.0).into())
}
