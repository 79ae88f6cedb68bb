//! A database for one story, and short methods for stories.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use papo_domain::{
    Account, AccountName, ClientId, Event, MessageText, PersonId, RoomDescription, RoomId,
    RoomKind, RoomName, RoomState, Seq, SessionId, Timestamp, Username,
};
use papo_storage::postgres::PostgresStorage;
use papo_storage::sqlite::SqliteStorage;
use papo_storage::{
    Act, Appended, Batch, By, Change, NewAccount, NewEvent, NewSession, Outcome, Refusal, Served,
    Storage, StorageError, StoredPassword, TokenHash,
};

use tokio::sync::oneshot;

use crate::database::Schema;

/// A batch that sends its outcome to a waiting test.
struct Awaited {
    changes: Vec<NewEvent>,
    answer: oneshot::Sender<Outcome>,
}

impl Batch for Awaited {
    fn take(&mut self) -> Vec<NewEvent> {
        std::mem::take(&mut self.changes)
    }

    fn tell(self: Box<Self>, outcome: Outcome) {
        // The caller may have gone. What is stored stays stored.
        let _ = self.answer.send(outcome);
    }
}

/// Stores a batch, and waits for its outcome.
pub(crate) trait Store {
    fn store(&self, changes: Vec<NewEvent>) -> impl Future<Output = Outcome> + Send;
}

impl<S: Storage + ?Sized> Store for S {
    async fn store(&self, changes: Vec<NewEvent>) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        self.append(Box::new(Awaited { changes, answer }));
        let lost = |_| Err(StorageError::Other("the batch was lost".into()));
        outcome.await.unwrap_or_else(lost)
    }
}

pub(crate) struct World {
    pub(crate) storage: Arc<dyn Storage>,
    sessions: AtomicU64,
    _folder: Box<dyn Any + Send + Sync>,
}

impl World {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&folder.path().join("papo.sqlite3")).unwrap();
        Self::of(Arc::new(storage), folder)
    }

    pub(crate) async fn postgres() -> Self {
        let schema = Schema::new();
        let storage = PostgresStorage::open(&schema.url()).await.unwrap();
        Self::of(Arc::new(storage), schema)
    }

    pub(crate) fn of(storage: Arc<dyn Storage>, folder: impl Any + Send + Sync) -> Self {
        Self {
            storage,
            sessions: AtomicU64::new(0),
            _folder: Box::new(folder),
        }
    }

    /// How every story ends.
    pub(crate) async fn is_sound(&self) {
        let wrong = self.storage.check().await.unwrap();
        assert_eq!(wrong, Vec::<String>::new());
    }

    pub(crate) async fn room(&self, name: &str) -> RoomId {
        let room = self.storage.create_room(state(name, true), at(0)).await;
        room.unwrap().id
    }

    pub(crate) async fn session(&self) -> Guest {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        // Large ones, whose bits don't fit a signed number.
        let person = PersonId(u64::MAX - number);
        let token = token(number);
        let new = NewSession {
            token,
            at: at(0),
            used: Served(0),
        };
        let session = self.storage.create_session(person, new).await.unwrap();
        Guest {
            session,
            person,
            token,
        }
    }

    /// A session of an account that [`account`] describes.
    pub(crate) async fn sign_in(&self, session: NewSession, account: &Account) -> SessionId {
        let password = password_of(account.name.as_str());
        let made = self.storage.sign_in(account.id, password, session, None);
        made.await.unwrap().unwrap()
    }

    /// A guest who has joined a room.
    pub(crate) async fn guest(&self, room: RoomId, name: &str) -> Guest {
        let guest = self.session().await;
        self.join(&guest, room, name).await;
        guest
    }

    pub(crate) async fn join(&self, guest: &Guest, room: RoomId, name: &str) {
        let joined = self
            .storage
            .join(guest.session, room, username(name), at(0))
            .await;
        joined.unwrap().unwrap();
    }

    pub(crate) async fn append(&self, batch: Vec<NewEvent>) -> Vec<Result<Appended, Refusal>> {
        self.storage.store(batch).await.unwrap()
    }

    pub(crate) async fn append_one(&self, event: NewEvent) -> Result<Appended, Refusal> {
        let mut answers = self.append(vec![event]).await;
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }

    /// Posts. Returns the seq.
    pub(crate) async fn post(&self, guest: &Guest, room: RoomId, text: &str) -> Seq {
        let posted = self.append_one(guest.post(room, None, text)).await;
        posted.unwrap().event.seq
    }

    pub(crate) async fn events(&self, room: RoomId) -> Vec<Event> {
        let events = self.storage.events_after(room, Seq::START, usize::MAX);
        events.await.unwrap()
    }

    pub(crate) async fn last_seq(&self, room: RoomId) -> Seq {
        self.storage.room(room).await.unwrap().unwrap().last_seq
    }

    /// The texts of a room's messages.
    pub(crate) async fn texts(&self, room: RoomId) -> Vec<String> {
        let snapshot = self.storage.snapshot(room, usize::MAX).await.unwrap();
        let messages = snapshot.unwrap().page.messages;
        messages.iter().map(|m| m.text.to_string()).collect()
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Guest {
    pub(crate) session: SessionId,
    pub(crate) person: PersonId,
    pub(crate) token: TokenHash,
}

impl Guest {
    pub(crate) fn post(&self, room: RoomId, id: Option<&str>, text_: &str) -> NewEvent {
        let act = Act::Post {
            client_id: id.map(client_id),
            text: text(text_),
        };
        event(room, By::Member(self.session), act)
    }

    pub(crate) fn edit(&self, room: RoomId, target: Seq, text_: &str) -> NewEvent {
        let act = Act::Edit {
            target,
            text: text(text_),
        };
        event(room, By::Member(self.session), act)
    }

    pub(crate) fn delete(&self, room: RoomId, target: Seq) -> NewEvent {
        event(room, By::Member(self.session), Act::Delete { target })
    }
}

pub(crate) fn event(room: RoomId, by: By, act: Act) -> NewEvent {
    NewEvent {
        room,
        at: at(1),
        change: Change { by, act },
    }
}

pub(crate) fn set_room(room: RoomId, state: RoomState) -> NewEvent {
    event(room, By::System, Act::SetRoom(state))
}

/// Milliseconds after the stories begin.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + millis)
}

pub(crate) fn state(name: &str, is_active: bool) -> RoomState {
    RoomState {
        name: RoomName::parse(name).unwrap(),
        description: RoomDescription::parse(&format!("About {name}")).unwrap(),
        is_active,
        kind: RoomKind::Public,
        is_announcement: false,
    }
}

pub(crate) fn username(name: &str) -> Username {
    Username::parse(name).unwrap()
}

pub(crate) fn text(text: &str) -> MessageText {
    MessageText::parse(text).unwrap()
}

pub(crate) fn client_id(id: &str) -> ClientId {
    format!("client-{id}").parse().unwrap()
}

pub(crate) fn token(number: u64) -> TokenHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    TokenHash(bytes)
}

/// The hash of the password of an account that [`account`] describes.
pub(crate) fn password_of(name: &str) -> StoredPassword {
    StoredPassword(format!("$argon2id$of-{name}"))
}

pub(crate) fn account(name: &str, person: PersonId) -> NewAccount {
    NewAccount {
        name: AccountName::parse(name).unwrap(),
        password: password_of(name),
        person,
        is_admin: true,
        is_signed_up: false,
        rooms: Vec::new(),
        made_by: None,
        at: at(0),
    }
}
