//! The rights to change rooms, as the transaction that stores the change finds them.

use std::sync::Arc;

use papo_domain::{AccountId, Denial, PersonId, RoomId, Seq, SessionId};
use papo_storage::postgres::PostgresStorage;
use papo_storage::{AccountChange, Act, By, NewEvent, NewSession, Refusal, Served, StoredPassword};

use crate::database::Schema;
use crate::world::{Guest, Store as _, World, account, at, event, set_room, state, token};

crate::stories!(
    rights_are_checked,
    who_administers_deletes_anywhere_and_changes_rooms,
    nobody_uses_an_administrators_right_by_being_a_member,
    an_administrators_right_ends_with_all_that_it_depends_on,
);

const NO_ROOM: Refusal = Refusal::Denied(Denial::NoRoom);
const NOT_JOINED: Refusal = Refusal::Denied(Denial::NotJoined);
const NOT_ADMINISTRATOR: Refusal = Refusal::Denied(Denial::NotAdministrator);

/// An administrator, on one device.
pub(crate) struct Administrator {
    pub(crate) account: AccountId,
    session: SessionId,
}

impl Administrator {
    pub(crate) async fn new(world: &World, number: u64) -> Self {
        let new = account(&format!("Chefe {number}"), PersonId(number));
        let account = world.storage.create_account(new).await.unwrap();
        let session = NewSession {
            token: token(1_000 + number),
            at: at(0),
            used: Served(0),
        };
        let session = world.sign_in(session, &account).await;
        Self {
            account: account.id,
            session,
        }
    }

    pub(crate) fn delete(&self, room: RoomId, target: Seq) -> NewEvent {
        event(
            room,
            By::Administrator(self.session),
            Act::Delete { target },
        )
    }

    fn close(&self, room: RoomId) -> NewEvent {
        let act = Act::SetRoom(state("Geral", false));
        event(room, By::Administrator(self.session), act)
    }
}

async fn rights_are_checked(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    let seq = world.post(&ana, room, "da Ana").await;
    let nobody = Guest {
        session: SessionId(999),
        ..ana
    };
    for (event, refusal) in [
        (bia.edit(room, seq, "da Bia"), Denial::NotYours.into()),
        (bia.delete(room, seq), Denial::NotYours.into()),
        (nobody.post(room, None, "?"), NOT_JOINED),
        (nobody.delete(room, seq), NOT_JOINED),
        (ana.delete(room, Seq(7)), Refusal::NoMessage),
        (set_room(RoomId(99), state("Nova", true)), NO_ROOM),
    ] {
        assert_eq!(world.append_one(event).await, Err(refusal));
    }
    world.storage.leave(ana.session, Some(room)).await.unwrap();
    for event in [
        ana.post(room, None, "saí"),
        ana.edit(room, seq, "saí"),
        ana.delete(room, seq),
    ] {
        assert_eq!(world.append_one(event).await, Err(NOT_JOINED));
    }
    world.join(&ana, room, "Ana outra vez").await;
    world.append_one(ana.delete(room, seq)).await.unwrap();
    for event in [ana.delete(room, seq), ana.edit(room, seq, "de volta")] {
        assert_eq!(world.append_one(event).await, Err(Refusal::NoMessage));
    }
    // An event that posted nothing is no message.
    assert_eq!(
        world.append_one(ana.delete(room, Seq(2))).await,
        Err(Refusal::NoMessage)
    );
}

async fn who_administers_deletes_anywhere_and_changes_rooms(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let chefe = Administrator::new(world, 1).await;
    for by in [By::System, By::Administrator(chefe.session)] {
        let seq = world.post(&ana, room, "da Ana").await;
        let set_active = |is_active| event(room, by, Act::SetRoom(state("Geral", is_active)));
        world.append_one(set_active(false)).await.unwrap();
        let own = world.append_one(ana.delete(room, seq)).await;
        assert_eq!(own, Err(Denial::ReadOnly.into()));
        let delete = |room| event(room, by, Act::Delete { target: seq });
        world.append_one(delete(room)).await.unwrap();
        let again = world.append_one(delete(room)).await;
        assert_eq!(again, Err(Refusal::NoMessage));
        let nowhere = world.append_one(delete(RoomId(99))).await;
        assert_eq!(nowhere, Err(NO_ROOM));
        world.append_one(set_active(true)).await.unwrap();
    }
}

async fn nobody_uses_an_administrators_right_by_being_a_member(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let seq = world.post(&ana, room, "da Ana").await;
    // The administrator tries as a member of the room, and the member as an administrator.
    let chefe = Administrator::new(world, 1).await;
    let as_member = Guest {
        session: chefe.session,
        person: PersonId(1),
        token: token(1_001),
    };
    world.join(&as_member, room, "Chefe 1").await;
    let refused = world.append_one(as_member.delete(room, seq)).await;
    assert_eq!(refused, Err(Denial::NotYours.into()));
    let act = || Act::SetRoom(state("Geral", false));
    let refused = world.append_one(event(room, By::Member(chefe.session), act()));
    assert_eq!(refused.await, Err(Denial::NotModerator.into()));
    for act in [Act::Delete { target: seq }, act(), Act::SetActive(false)] {
        let refused = world.append_one(event(room, By::Administrator(ana.session), act));
        assert_eq!(refused.await, Err(NOT_ADMINISTRATOR));
    }
    assert_eq!(world.texts(room).await, ["da Ana"]);
}

async fn an_administrators_right_ends_with_all_that_it_depends_on(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let seq = world.post(&ana, room, "da Ana").await;
    // One administrator must remain.
    Administrator::new(world, 9).await;
    let changes = [
        AccountChange::SetAdmin(false),
        AccountChange::Suspend,
        AccountChange::Remove,
        AccountChange::EndSessions,
        AccountChange::Password(StoredPassword("$argon2id$new".into())),
    ];
    for (number, change) in (1..).zip(changes) {
        let chefe = Administrator::new(world, number).await;
        let said = format!("{change:?}");
        let ended = world
            .storage
            .change_account(By::System, chefe.account, change, at(9))
            .await;
        assert!(ended.unwrap().is_ok(), "{said}");
        let batch = vec![
            ana.post(room, None, "nova"),
            chefe.delete(room, seq),
            chefe.close(room),
        ];
        let answers = world.append(batch).await;
        assert!(answers[0].is_ok());
        assert_eq!(
            answers[1..],
            [NOT_ADMINISTRATOR, NOT_ADMINISTRATOR].map(Err),
            "{said}"
        );
    }
    let chefe = Administrator::new(world, 8).await;
    world.storage.end_session(chefe.session).await.unwrap();
    let refused = world.append_one(chefe.delete(room, seq)).await;
    assert_eq!(refused, Err(NOT_ADMINISTRATOR));
    assert_eq!(world.texts(room).await[0], "da Ana");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_decides_a_deletion_after_the_demotion_before_it() {
    let world = World::sqlite();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let seq = world.post(&ana, room, "da Ana").await;
    let (chefe, _other) = (
        Administrator::new(&world, 1).await,
        Administrator::new(&world, 2).await,
    );
    let demoting = world.storage.change_account(
        By::System,
        chefe.account,
        AccountChange::SetAdmin(false),
        at(9),
    );
    let (demoted, deleted) = tokio::join!(
        biased;
        demoting,
        world.append_one(chefe.delete(room, seq)),
    );
    assert_eq!(demoted.unwrap(), Ok(vec![]));
    assert_eq!(deleted, Err(NOT_ADMINISTRATOR));
}

/// A transaction takes each right, and commits only after the deletion was begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_waits_for_what_takes_the_right_before() {
    let schema = Schema::new();
    let mut taker = schema.client().await;
    let client = schema.client().await;
    let storage = Arc::new(PostgresStorage::open(&schema.url()).await.unwrap());
    let world = World::of(storage.clone(), schema);
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let seq = world.post(&ana, room, "da Ana").await;
    let pid = "SELECT pg_backend_pid()";
    let pid: i32 = taker.query_one(pid, &[]).await.unwrap().get(0);
    let demote = "UPDATE account SET is_admin = false WHERE id = $1";
    let suspend = "UPDATE account SET is_suspended = true WHERE id = $1";
    let sign_out = "DELETE FROM session WHERE person_id = \
        (SELECT person_id FROM account WHERE id = $1)";
    for (number, sql) in (1..).zip([demote, suspend, sign_out]) {
        let chefe = Administrator::new(&world, number).await;
        let taking = taker.transaction().await.unwrap();
        taking.execute(sql, &[&chefe.account.0]).await.unwrap();
        let deleting = {
            let (storage, delete) = (storage.clone(), chefe.delete(room, seq));
            tokio::spawn(async move { storage.store(vec![delete]).await })
        };
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))";
        let mut held: i64 = 0;
        while held == 0 && !deleting.is_finished() {
            held = client.query_one(waits, &[&pid]).await.unwrap().get(0);
        }
        taking.commit().await.unwrap();
        let answers = deleting.await.unwrap().unwrap();
        assert_eq!(answers, [Err(NOT_ADMINISTRATOR)], "{sql}");
    }
    assert_eq!(world.texts(room).await, ["da Ana"]);
}
