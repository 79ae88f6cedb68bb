//! Whole instances from one database to another, by archive, and their comparison.

use std::fs::File;
use std::path::Path;

use papo_domain::{
    AccountId, MessageText, PersonId, RoomDescription, RoomId, RoomKind, RoomName, SessionId,
};
use papo_storage::transfer::archive::{ArchiveReader, ArchiveWriter};
use papo_storage::transfer::{
    self, InstanceRow, PAGE, Place, Record, Source as _, Summary, Table, Walk,
};
use papo_storage::{
    AuditFilter, By, ImportedMessage, ImportedRoom, InboxId, NewSession, PlaceVersion, RoomFilter,
    Served, StorageError,
};
use tempfile::TempDir;

use crate::home::{Home, Lively, liven_up, summary};
use crate::invitations::invitation;
use crate::jobs;
use crate::moderation::{holder, of_kind, open};
use crate::world::{Guest, World, account, at, client_id, state, token, username};

async fn export(from: &Home, file: &Path) -> Summary {
    let mut archive = ArchiveWriter::create(file).unwrap();
    let mut reading = from.read().await;
    let mut walk = Walk::new(&mut *reading.pages);
    let summary = transfer::copy(&mut walk, &mut archive, &mut |_| ()).await;
    let summary = summary.unwrap();
    archive.finish(&summary).await.unwrap();
    summary
}

async fn restore(file: &Path, to: &Home) -> Result<Summary, StorageError> {
    let mut archive = ArchiveReader::begin(Box::new(File::open(file).unwrap()))?;
    let mut filling = to.fill().await?;
    let summary = transfer::copy(&mut archive, &mut *filling, &mut |_| ()).await?;
    filling.finish().await?;
    Ok(summary)
}

/// Restores an export of one home into another. Asserts that it is the same, and goes on as the
/// first would have.
async fn round_trip(from: &Home, to: &Home) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("papo.archive");
    let world = from.world().await;
    let lively = liven_up(&world).await;
    make_rooms(&world).await;
    let exported = export(from, &file).await;
    assert_eq!(exported, from.summary().await);
    let restored = restore(&file, to).await.unwrap();
    assert_eq!(restored, exported);
    let stored = to.summary().await;
    assert_eq!(exported.differences(&stored), Vec::<String>::new());
    assert_ne!(exported.epoch, stored.epoch);
    let arrived = to.world().await;
    are_the_same(&world, &arrived).await;
    go_on_as_one(&world, &arrived, &lively).await;
    arrived.is_sound().await;
}

/// A private room with an invitation and somebody banned, and a direct room.
async fn make_rooms(world: &World) {
    let zoe = holder(world, "Zoe", 61, false).await;
    let yara = holder(world, "Yara", u64::MAX - 61, false).await;
    let room = open(world, &zoe, of_kind("Segredo", RoomKind::Private)).await;
    let storage = &world.storage;
    let by = By::Member(zoe.session);
    let made = storage.create_invitation(by, invitation(room, 7, 9)).await;
    made.unwrap().unwrap();
    let accepted = storage.accept_invitation(yara.session, token(907), username("Yara"), at(3));
    accepted.await.unwrap().unwrap();
    let banned = storage
        .remove_member(by, room, yara.person, true, at(4))
        .await;
    banned.unwrap().unwrap();
    let direct = storage.start_direct(zoe.session, vec![yara.person], at(5));
    direct.await.unwrap().unwrap();
}

/// By the storage's methods.
async fn are_the_same(one: &World, other: &World) {
    let rooms = one.storage.rooms(RoomFilter::default()).await.unwrap();
    let others = other.storage.rooms(RoomFilter::default()).await.unwrap();
    assert_eq!(rooms, others);
    for room in rooms {
        let id = room.room.id;
        assert_eq!(one.events(id).await, other.events(id).await);
        let bans = one.storage.bans(id).await.unwrap();
        assert_eq!(bans, other.storage.bans(id).await.unwrap());
        let invitations = one.storage.invitations(id).await.unwrap();
        assert_eq!(invitations, other.storage.invitations(id).await.unwrap());
        let is_private = room.room.kind == RoomKind::Private;
        let counts = (bans.len(), invitations.len());
        assert_eq!(counts, if is_private { (1, 1) } else { (0, 0) });
        let snapshot = one.storage.snapshot(id, 50).await.unwrap();
        assert_eq!(snapshot, other.storage.snapshot(id, 50).await.unwrap());
        for number in [1, 2, 3, 4, 77] {
            let (token, room) = (token(number), Some(id));
            let session = one.storage.session(token, room).await.unwrap();
            assert_eq!(session, other.storage.session(token, room).await.unwrap());
            if let Some(session) = session {
                let known = one.storage.membership_state(session.id, id).await.unwrap();
                let others = other.storage.membership_state(session.id, id).await;
                assert_eq!(known, others.unwrap());
            }
        }
    }
    let accounts = one.storage.accounts().await.unwrap();
    assert_eq!(accounts, other.storage.accounts().await.unwrap());
    for account in accounts {
        let password = one.storage.account_password(account.name.clone()).await;
        let others = other.storage.account_password(account.name).await;
        assert_eq!(password.unwrap(), others.unwrap());
    }
    assert!(other.storage.is_setup_token(token(88)).await.unwrap());
    let dead = one.storage.dead_jobs(9).await.unwrap();
    assert_eq!(dead, other.storage.dead_jobs(9).await.unwrap());
    assert_eq!(dead.len(), 1);
    let place = one.storage.place().await.unwrap();
    assert_eq!(place.version, PlaceVersion(1));
    assert_eq!(place, other.storage.place().await.unwrap());
    let all = || AuditFilter {
        limit: 99,
        ..AuditFilter::default()
    };
    let audit = one.storage.audit(all()).await.unwrap();
    assert!(audit.len() > 1, "{audit:?}");
    assert_eq!(audit, other.storage.audit(all()).await.unwrap());
    let last = one.storage.last_revocation().await.unwrap();
    assert_eq!(last, other.storage.last_revocation().await.unwrap());
    let last = one.storage.last_inbox_entry().await.unwrap();
    assert_eq!(last, other.storage.last_inbox_entry().await.unwrap());
    let none = other.storage.inbox_after(InboxId(0), 1).await.unwrap();
    assert_eq!(none, []);
}

/// New things get the same numbers in both.
async fn go_on_as_one(one: &World, other: &World, Lively { room, ana }: &Lively) {
    let mut went = Vec::new();
    for world in [one, other] {
        let again = ana.post(*room, Some("0"), "de novo");
        let again = world.append_one(again).await.unwrap();
        assert!(again.duplicate);
        let new = world.append_one(ana.post(*room, Some("new"), "nova")).await;
        let made = world
            .storage
            .create_room(state("Depois", true), at(5))
            .await;
        let account = account("Eva", PersonId(5));
        let account = world.storage.create_account(account).await;
        let session = NewSession {
            token: token(99),
            at: at(6),
            used: Served(6),
        };
        let session = world.storage.create_session(PersonId(9), session).await;
        let taken = jobs::go_on(world).await;
        world.storage.leave(ana.session, Some(*room)).await.unwrap();
        let last = world.storage.last_revocation().await.unwrap();
        world.join(ana, *room, "Ana").await;
        let joined = world.storage.last_inbox_entry().await.unwrap();
        went.push((
            again.event,
            new.unwrap(),
            made.unwrap(),
            account.unwrap(),
            session.unwrap(),
            (taken, last, joined),
        ));
    }
    assert_eq!(went[0], went[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_file_to_a_server() {
    round_trip(&Home::sqlite(), &Home::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_server_to_a_file() {
    round_trip(&Home::postgres(), &Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_file_to_a_file() {
    round_trip(&Home::sqlite(), &Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_server_to_a_server() {
    round_trip(&Home::postgres(), &Home::postgres()).await;
}

/// Imported texts are longer than people may write. They don't make a page larger.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_ends_with_its_bytes() {
    const LONG: usize = 1_000_000;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("papo.archive");
    let (from, to) = (Home::sqlite(), Home::postgres());
    let messages = (0..20).map(|number: i64| {
        Ok(ImportedMessage {
            sender: PersonId(1),
            username: username("Ana"),
            text: MessageText::from_stored("ã".repeat(LONG / 2)),
            timestamp: at(number),
            client_id: client_id(&number.to_string()),
        })
    });
    let room = ImportedRoom {
        name: RoomName::parse("Longa").unwrap(),
        description: RoomDescription::parse("").unwrap(),
        is_active: true,
        created_at: at(0),
        messages: Box::new(messages),
    };
    let storage = from.world().await.storage;
    let rooms = Box::new(std::iter::once(Ok(room)));
    storage.import(rooms).await.unwrap();
    drop(storage);
    let exported = export(&from, &file).await;
    assert_eq!(exported.events(), 20);
    let archive = File::open(&file).unwrap();
    let mut archive = ArchiveReader::begin(Box::new(archive)).unwrap();
    let mut lengths = Vec::new();
    loop {
        let page = archive.next().await.unwrap();
        if page.is_empty() {
            break;
        }
        lengths.push(page.len());
    }
    // The instance and the room come with the first.
    assert_eq!(lengths, [18, 4]);
    assert_eq!(restore(&file, &to).await.unwrap(), exported);
    for home in [from, to] {
        let mut reading = home.read().await;
        for (after, expected) in [(0, 16), (16, 4), (20, 0)] {
            let place = Place::Events { room: 1, after };
            let page = reading.pages.page(place, PAGE).await.unwrap();
            assert_eq!(page.len(), expected);
        }
        let read = summary(&mut *reading.pages).await;
        assert_eq!(read.differences(&exported), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_it_is_read_is_left_out() {
    for home in [Home::sqlite(), Home::postgres()] {
        let world = home.world().await;
        let Lively { room, ana } = liven_up(&world).await;
        let before = home.summary().await;
        let mut reading = home.read().await;
        world.post(&ana, room, "tarde").await;
        world.room("Tarde").await;
        let read = summary(&mut *reading.pages).await;
        assert_eq!(read, before);
        drop(reading);
        let after = home.summary().await;
        assert!(after.events() > before.events());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_holds_an_instance_takes_none_in() {
    for home in [Home::sqlite(), Home::postgres()] {
        let world = home.world().await;
        world.room("Geral").await;
        let before = home.summary().await;
        let refused = home.fill().await.err();
        assert!(
            matches!(refused, Some(StorageError::Exists(_))),
            "{refused:?}"
        );
        assert_eq!(home.summary().await, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_undone_leaves_the_numbers_as_they_were() {
    for home in [Home::sqlite(), Home::postgres()] {
        let mut filling = home.fill().await.unwrap();
        let instance = Record::Instance(InstanceRow {
            epoch: 7,
            setup_token: None,
            last_account: i64::MAX,
            last_room: i64::MAX,
            last_session: i64::MAX,
            last_revocation: i64::MAX,
            last_inbox: i64::MAX,
            served: 7,
        });
        filling.take(vec![instance]).await.unwrap();
        drop(filling);
        let world = home.world().await;
        assert_eq!(world.room("Geral").await, RoomId(1));
        assert_eq!(world.session().await.session, SessionId(1));
        let account = account("Ana", PersonId(1));
        let account = world.storage.create_account(account).await.unwrap();
        assert_eq!(account.id, AccountId(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_off_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("papo.archive");
    let from = Home::sqlite();
    liven_up(&from.world().await).await;
    export(&from, &file).await;
    let whole = std::fs::read(&file).unwrap();
    for home in [Home::sqlite(), Home::postgres()] {
        for length in [whole.len() - 1, whole.len() / 2] {
            std::fs::write(&file, &whole[..length]).unwrap();
            let error = restore(&file, &home).await.unwrap_err();
            assert!(error.to_string().contains("cut off"), "{error}");
            let rooms = home
                .world()
                .await
                .storage
                .rooms(RoomFilter::default())
                .await;
            assert_eq!(rooms.unwrap(), []);
        }
        std::fs::write(&file, &whole).unwrap();
        restore(&file, &home).await.unwrap();
        let room = home.world().await.storage.room(RoomId(1)).await;
        assert!(room.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_joins_has_read_what_was_there() {
    for home in [Home::sqlite(), Home::postgres()] {
        let world = home.world().await;
        let room = world.room("Geral").await;
        let ana = world.guest(room, "Ana").await;
        world.post(&ana, room, "um").await;
        world.post(&ana, room, "dois").await;
        let bia = world.guest(room, "Bia").await;
        // Another name is no other membership.
        world.post(&ana, room, "três").await;
        world.join(&bia, room, "Beatriz").await;
        let mut reading = home.read().await;
        let place = Place::Rows(Table::Membership, None);
        let found = reading.pages.page(place, PAGE).await.unwrap();
        let read = found.iter().map(|record| match record {
            Record::Membership(row) => (row.person_id, row.role, row.read_seq, row.level),
            other => panic!("{other:?}"),
        });
        let mut read: Vec<_> = read.collect();
        read.sort_unstable_by_key(|row| row.2);
        let number = |guest: &Guest| guest.person.0.cast_signed();
        assert_eq!(read, [(number(&ana), 0, 0, 0), (number(&bia), 0, 2, 0)]);
    }
}
