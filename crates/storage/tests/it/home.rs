//! A place for an instance, and a lively instance to put there.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

use papo_domain::{PersonId, Place, PlaceName, RoomId, Seq};
use papo_storage::postgres::PostgresStorage;
use papo_storage::sqlite::SqliteStorage;
use papo_storage::transfer::{self, Filling, Pages, Summary, Walk};
use papo_storage::{AccountChange, By, NewSession, PlaceVersion, ReadMark, Served, StorageError};
use tempfile::TempDir;

use crate::database::Schema;
use crate::jobs;
use crate::world::{Guest, World, account, at, set_room, state, token};

/// A place for one instance.
pub(crate) enum Home {
    Sqlite(TempDir),
    Postgres(Schema),
}

impl Home {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(Schema::new())
    }

    /// The file of an instance that is in one.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("papo.sqlite3"),
            Self::Postgres(_) => panic!("it isn't in a file"),
        }
    }

    /// Opens the instance there, or a new one.
    pub(crate) async fn world(&self) -> World {
        match self {
            Self::Sqlite(_) => World::of(Arc::new(SqliteStorage::open(&self.file()).unwrap()), ()),
            Self::Postgres(schema) => {
                let storage = PostgresStorage::open(&schema.url()).await.unwrap();
                World::of(Arc::new(storage), ())
            }
        }
    }

    /// Everything, as of now.
    pub(crate) async fn read(&self) -> Reading {
        match self {
            Self::Sqlite(_) => {
                let storage = SqliteStorage::open(&self.file()).unwrap();
                Reading {
                    pages: storage.pages().unwrap(),
                    _storage: Box::new(storage),
                }
            }
            Self::Postgres(schema) => {
                let storage = PostgresStorage::open(&schema.url()).await.unwrap();
                Reading {
                    pages: storage.pages().await.unwrap(),
                    _storage: Box::new(storage),
                }
            }
        }
    }

    /// Begins the intake of an instance.
    pub(crate) async fn fill(&self) -> Result<Box<dyn Filling>, StorageError> {
        match self {
            Self::Sqlite(_) => SqliteStorage::fill(&self.file()),
            Self::Postgres(schema) => PostgresStorage::fill(&schema.url()).await,
        }
    }

    /// Damages it, as a disk does.
    pub(crate) async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(_) => {
                let db = rusqlite::Connection::open(self.file()).unwrap();
                db.execute_batch(sql).unwrap();
            }
            Self::Postgres(schema) => {
                let client = schema.client().await;
                client.batch_execute(sql).await.unwrap();
            }
        }
    }

    pub(crate) async fn summary(&self) -> Summary {
        summary(&mut *self.read().await.pages).await
    }
}

/// A reader, then its storage: closing a file waits for its readers.
pub(crate) struct Reading {
    pub(crate) pages: Box<dyn Pages>,
    _storage: Box<dyn Any>,
}

/// The summary of everything.
pub(crate) async fn summary(pages: &mut dyn Pages) -> Summary {
    let mut walk = Walk::new(pages);
    transfer::summarize(&mut walk, &mut |_| ()).await.unwrap()
}

/// A person of a lively instance, and a room that they are in.
pub(crate) struct Lively {
    pub(crate) room: RoomId,
    pub(crate) ana: Guest,
}

/// Makes some of everything: more than a page of messages, edits, deletions, renames, accounts,
/// ended sessions, revocations, settings, the audit, jobs.
pub(crate) async fn liven_up(world: &World) -> Lively {
    let room = world.room("Geral").await;
    let other = world.room("Ação ß Σ").await;
    let closed = world.room("Fechada").await;
    world.room("Vazia").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "BIA").await;
    let gone = world.guest(room, "Caio").await;
    world.join(&ana, other, "Ana Maria").await;
    world.join(&bia, closed, "Bia").await;
    let many = (0..1_500).map(|number| {
        let guest = [&ana, &bia, &gone][number % 3];
        let id = (number % 2 == 0).then(|| number.to_string());
        guest.post(room, id.as_deref(), &format!("mensagem Nº {number}"))
    });
    world.append(many.collect()).await;
    world
        .append(vec![
            ana.edit(room, Seq(1), "corrigida"),
            bia.edit(room, Seq(2), "também, ÇÃO"),
            bia.delete(room, Seq(2)),
            ana.post(other, Some("elsewhere"), "noutra sala"),
            bia.post(closed, None, "a última"),
            set_room(room, state("Novo nome", true)),
            set_room(closed, state("Fechada", false)),
            ana.edit(room, Seq(1_498), "mais uma vez"),
        ])
        .await;
    let place = Place {
        name: PlaceName::parse("Ação ß Σ").unwrap(),
        ..Place::default()
    };
    let set = world
        .storage
        .set_place(By::System, PlaceVersion(0), place, at(8));
    set.await.unwrap().unwrap();
    let read = ReadMark::Read {
        seq: Seq(1_400),
        version: 1,
    };
    let unread = ReadMark::Unread { seq: Seq(1_200) };
    let marks = vec![(ana.session, room, read), (bia.session, room, unread)];
    world.storage.mark(marks).await.unwrap();
    let storage = &world.storage;
    let made = storage.create_account(account("Bia", bia.person)).await;
    let signed_in = NewSession {
        token: token(77),
        at: at(9),
        used: Served(9),
    };
    world.sign_in(signed_in, &made.unwrap()).await;
    let eva = storage
        .create_account(account("Suspensa", PersonId(4)))
        .await;
    let suspended =
        storage.change_account(By::System, eva.unwrap().id, AccountChange::Suspend, at(9));
    suspended.await.unwrap().unwrap();
    let admin = account("Dora", PersonId(u64::MAX / 2 + 1));
    storage.create_account(admin).await.unwrap();
    storage.set_setup_token(token(88)).await.unwrap();
    storage.end_session(gone.session).await.unwrap();
    // The last session is gone, and its number with it.
    let last = world.session().await;
    storage.end_session(last.session).await.unwrap();
    jobs::one_of_each_state(world).await;
    Lively { room, ana }
}
