//! The trait that a database implements.

use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AccountName, Epoch, Event, RelayKey, Room, RoomId, RoomOverview, RoomState,
    Seq, SessionId, Timestamp, Username,
};
use tokio::sync::oneshot;

use crate::{
    Appended, ImportReport, ImportedRoom, JoinRefusal, Joined, MessageFilter, MessagePage,
    NewAccount, NewEvent, NewSession, Refusal, Revocation, RevocationId, RoomFilter, Session,
    Snapshot, StoredPassword, TokenHash,
};

/// Why the database couldn't do it.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Not now: the disk is full, the database is locked or away. Nothing was changed; reading may go on, and
    /// the same call may succeed later.
    #[error("the database can't do this now: {0}")]
    Unavailable(String),
    /// What was written last may be lost, and that can't be made sure of: the disk failed to keep it, or another server has taken
    /// over. Nothing may be acknowledged until the process has restarted from the log.
    #[error("what was written may be lost: {0}")]
    Broken(String),
    /// The connection ended while it was being done, and it couldn't be found out in time whether it was: it is done, or nothing of it
    /// is. Who asks again under the same client id gets the right answer.
    #[error("nobody can say yet whether the database did this: {0}")]
    Unknown(String),
    /// Something that should be unique is there already.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// The database was written by a newer Papo.
    #[error("the database has version {found}, this papo knows up to {known}; use a newer papo")]
    TooNew {
        /// The version found.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The database was moved: what is in it has gone on elsewhere.
    #[error("it was moved to the {0}")]
    Moved(String),
    /// What fills the database hasn't come to its end.
    #[error("an unfinished migration fills it")]
    Unfinished,
    /// Anything else; a defect or a damaged database.
    #[error("the database failed: {0}")]
    Other(String),
}

/// What became of a batch: of each change in it, or why all of it failed.
pub type Outcome = Result<Vec<Result<Appended, Refusal>>, StorageError>;

/// Changes on their way into the log.
pub trait Batch: Send {
    /// The changes. Asked once, right before they are stored.
    fn take(&mut self) -> Vec<NewEvent>;

    /// Is told that it takes long to find out what becomes of them, maybe more than once: whoever waits behind them had better not. Must not
    /// block.
    fn stall(&mut self) {}

    /// Is told what became of them; by the thread that stored them, so it must not block. A batch that is dropped
    /// untold may have been stored.
    fn tell(self: Box<Self>, outcome: Outcome);
}

/// A batch whose outcome somebody waits for.
struct Asked {
    changes: Vec<NewEvent>,
    answer: oneshot::Sender<Outcome>,
}

impl Asked {
    fn new(changes: Vec<NewEvent>) -> (Self, oneshot::Receiver<Outcome>) {
        let (answer, outcome) = oneshot::channel();
        (Self { changes, answer }, outcome)
    }
}

impl Batch for Asked {
    fn take(&mut self) -> Vec<NewEvent> {
        std::mem::take(&mut self.changes)
    }

    fn tell(self: Box<Self>, outcome: Outcome) {
        // Whoever asked may have gone; what is stored is stored.
        let _ = self.answer.send(outcome);
    }
}

/// A database of rooms, their logs, sessions and accounts.
#[async_trait]
pub trait Storage: Send + Sync + 'static {
    /// The name of this history.
    async fn epoch(&self) -> Result<Epoch, StorageError>;

    /// The secret by which the nodes of this database know each other's signals. Another epoch has another one.
    async fn relay_key(&self) -> Result<RelayKey, StorageError>;

    // The log

    /// Stores a batch in one transaction and makes sure that it is on disk. Each event gets its room's next seq, in
    /// the order of the batch; what is refused takes no number and doesn't touch its neighbours. A message whose
    /// sender and client id are stored already answers with the event stored first, `duplicate` set.
    ///
    /// When this returns an error, nothing of the batch is stored ([`StorageError::Unavailable`]), or nobody can
    /// say ([`StorageError::Broken`], [`StorageError::Unknown`]).
    async fn append(&self, batch: Vec<NewEvent>) -> Outcome {
        let (batch, outcome) = Asked::new(batch);
        self.append_batch(Box::new(batch));
        outcome
            .await
            .unwrap_or_else(|_| Err(StorageError::Other("the batch was lost".into())))
    }

    /// Stores a batch as [`Self::append`] does, without waiting for it. What is in it is asked for when its turn has come,
    /// so that it holds all that has come meanwhile.
    fn append_batch(&self, batch: Box<dyn Batch>);

    /// The events of a room after `after`, in order, at most `limit`.
    async fn events_after(
        &self,
        room: RoomId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, StorageError>;

    /// The last seq of each of these rooms; rooms that don't exist are left out. One statement for all.
    async fn last_seqs(&self, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Seq)>, StorageError>;

    /// A room and its last `limit` messages, as of one moment.
    async fn snapshot(&self, room: RoomId, limit: usize) -> Result<Option<Snapshot>, StorageError>;

    /// The `limit` messages before `before`, in order.
    async fn messages_before(
        &self,
        room: RoomId,
        before: Seq,
        limit: usize,
    ) -> Result<MessagePage, StorageError>;

    /// Messages for an administrator, newest first.
    async fn find_messages(&self, filter: MessageFilter) -> Result<MessagePage, StorageError>;

    // Rooms

    /// One room.
    async fn room(&self, room: RoomId) -> Result<Option<Room>, StorageError>;

    /// Rooms by name (case-insensitively ordered), with their last activity. A page of them when the filter has a limit.
    async fn rooms(&self, filter: RoomFilter) -> Result<Vec<RoomOverview>, StorageError>;

    /// Makes a room. [`StorageError::Exists`] when one has that name, whatever its case.
    async fn create_room(&self, state: RoomState, at: Timestamp) -> Result<Room, StorageError>;

    // Sessions

    /// The session with this token, unless it is older than its time; and with it, which name it has in `room`, if any.
    async fn session(
        &self,
        token: TokenHash,
        room: Option<RoomId>,
    ) -> Result<Option<Session>, StorageError>;

    /// Makes a session.
    async fn create_session(&self, session: NewSession) -> Result<SessionId, StorageError>;

    /// Notes that a session was used at `at` (so that it doesn't expire).
    async fn touch_session(&self, session: SessionId, at: Timestamp) -> Result<(), StorageError>;

    /// Ends a session and all its memberships.
    async fn end_session(&self, session: SessionId) -> Result<(), StorageError>;

    /// Ends the sessions that weren't used since `unused_since`; how many.
    async fn expire_sessions(&self, unused_since: Timestamp) -> Result<u64, StorageError>;

    /// Joins a room under a name, or changes the name. Refused when the room doesn't exist or isn't active, when the session
    /// is gone, or when the name has the skeleton of an account's that isn't the session's own.
    async fn join(
        &self,
        session: SessionId,
        room: RoomId,
        username: Username,
        at: Timestamp,
    ) -> Result<Result<Joined, JoinRefusal>, StorageError>;

    /// Leaves a room, or all of them; which ones it was in.
    async fn leave(
        &self,
        session: SessionId,
        room: Option<RoomId>,
    ) -> Result<Vec<RoomId>, StorageError>;

    /// The rooms that a session is in, with its name in each.
    async fn memberships(
        &self,
        session: SessionId,
    ) -> Result<Vec<(RoomId, Username)>, StorageError>;

    // Revocations: stored in the transaction that takes a right away or changes a name (a rename by `join`, `leave`, `end_session`,
    // whoever loses a membership by `create_account` or `claim_setup`)

    /// The revocations after this one, in order, at most `limit`. One that becomes visible never has a lower id than another that was
    /// visible before it: whoever has read to an id misses none.
    async fn revocations_after(
        &self,
        after: RevocationId,
        limit: usize,
    ) -> Result<Vec<Revocation>, StorageError>;

    /// The last revocation; the default when there never was one.
    async fn last_revocation(&self) -> Result<RevocationId, StorageError>;

    /// Forgets the revocations that are older than this, by the database's own clock; how many.
    async fn forget_revocations(&self, age: Duration) -> Result<u64, StorageError>;

    // Accounts

    /// Makes an account. [`StorageError::Exists`] when an account has this name or one that looks like it. Guests who go by
    /// such a name lose their memberships under it.
    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError>;

    /// All accounts by name.
    async fn accounts(&self) -> Result<Vec<Account>, StorageError>;

    /// One account.
    async fn account(&self, account: AccountId) -> Result<Option<Account>, StorageError>;

    /// The account with this name (its skeleton decides) and its password's hash.
    async fn account_password(
        &self,
        name: AccountName,
    ) -> Result<Option<(Account, StoredPassword)>, StorageError>;

    /// Keeps the hash of the one-time token that makes the first administrator, in place of an earlier one.
    async fn set_setup_token(&self, token: TokenHash) -> Result<(), StorageError>;

    /// Whether this is the one-time token, and still unused.
    async fn is_setup_token(&self, token: TokenHash) -> Result<bool, StorageError>;

    /// Uses the one-time token up and makes the account, both or neither. `None` when the token isn't the one: of many
    /// who try at once, one succeeds.
    async fn claim_setup(
        &self,
        token: TokenHash,
        account: NewAccount,
    ) -> Result<Option<Account>, StorageError>;

    // The whole

    /// Brings in rooms and messages from elsewhere, in one transaction: all or nothing. A room whose name exists is merged
    /// into. A message whose key (see [`crate::ImportedMessage`]) is stored already is counted and left.
    async fn import(
        &self,
        rooms: Box<dyn Iterator<Item = Result<ImportedRoom, String>> + Send>,
        at: Timestamp,
    ) -> Result<ImportReport, StorageError>;

    /// Reads the whole database and says what is wrong with it; empty when nothing is.
    async fn check(&self) -> Result<Vec<String>, StorageError>;
}
