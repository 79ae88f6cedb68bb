//! Inboxes: what every node learns of joins and read positions.

use std::time::Duration;

use papo_domain::{PersonId, RoomId};
use papo_storage::{InboxChange, InboxEntry, InboxId, NewSession, ReadMark, Served};

use tokio::time::timeout;

use crate::world::{Guest, World, account, at, password_of, token, username};

crate::stories!(
    what_changes_for_a_person_is_told,
    what_changes_nothing_is_not_told,
    rooms_that_a_guest_brings_along_are_told,
    entries_are_read_in_portions,
    old_ones_are_forgotten_and_their_numbers_are_not_given_again,
    entries_become_visible_in_order,
);

/// All changes.
pub(crate) async fn told(world: &World) -> Vec<(PersonId, InboxChange)> {
    let all = all(world).await.into_iter();
    all.map(|entry| (entry.person, entry.change.unwrap()))
        .collect()
}

async fn all(world: &World) -> Vec<InboxEntry> {
    let all = world.storage.inbox_after(InboxId(0), usize::MAX);
    all.await.unwrap()
}

async fn mark(world: &World, guest: &Guest, room: RoomId, mark: ReadMark) {
    let marks = vec![(guest.session, room, mark)];
    world.storage.mark(marks).await.unwrap();
}

async fn what_changes_for_a_person_is_told(world: &World) {
    let (one, other) = (world.room("Um").await, world.room("Dois").await);
    let ana = world.guest(one, "Ana").await;
    let bia = world.guest(other, "Bia").await;
    world.join(&ana, other, "Ana").await;
    let seq = world.post(&bia, other, "olá").await;
    let read = ReadMark::Read { seq, version: 3 };
    mark(world, &ana, other, read).await;
    mark(world, &ana, other, ReadMark::Unread { seq }).await;
    world.storage.leave(ana.session, Some(one)).await.unwrap();
    world.join(&ana, one, "Ana").await;
    let expected = [
        (ana.person, InboxChange::Joined(one)),
        (bia.person, InboxChange::Joined(other)),
        (ana.person, InboxChange::Joined(other)),
        (ana.person, InboxChange::Read(other)),
        (ana.person, InboxChange::Read(other)),
        (ana.person, InboxChange::Joined(one)),
    ];
    assert_eq!(told(world).await, expected);
}

async fn what_changes_nothing_is_not_told(world: &World) {
    let room = world.room("Geral").await;
    assert_eq!(
        world.storage.last_inbox_entry().await.unwrap(),
        InboxId::default()
    );
    let ana = world.guest(room, "Ana").await;
    let seq = world.post(&ana, room, "um").await;
    let read = ReadMark::Read { seq, version: 1 };
    mark(world, &ana, room, read).await;
    let before = all(world).await;
    assert_eq!(before.len(), 2);
    // Another name is a revocation.
    world.join(&ana, room, "Aninha").await;
    mark(world, &ana, room, read).await;
    let nobody = world.session().await;
    mark(world, &nobody, room, ReadMark::Unread { seq }).await;
    let refused = world
        .storage
        .join(ana.session, RoomId(99), username("Ana"), at(1));
    assert!(refused.await.unwrap().is_err());
    assert_eq!(all(world).await, before);
}

async fn rooms_that_a_guest_brings_along_are_told(world: &World) {
    let (one, other) = (world.room("Um").await, world.room("Dois").await);
    let made = world.storage.create_account(account("Bia", PersonId(7)));
    let bia = made.await.unwrap();
    let session = |number| NewSession {
        token: token(number),
        at: at(3),
        used: Served(3),
    };
    let device = world.sign_in(session(1_001), &bia).await;
    let join = world.storage.join(device, one, username("Bia"), at(3));
    join.await.unwrap().unwrap();
    let guest = world.guest(other, "Visita").await;
    world.join(&guest, one, "Visita").await;
    let before = world.storage.last_inbox_entry().await.unwrap();
    let signed_in = world.storage.sign_in(
        bia.id,
        password_of("Bia"),
        session(1_002),
        Some(guest.session),
    );
    signed_in.await.unwrap().unwrap();
    let new = world.storage.inbox_after(before, 10).await.unwrap();
    let new: Vec<_> = new
        .iter()
        .map(|entry| (entry.person, entry.change))
        .collect();
    assert_eq!(new, [(bia.person, Some(InboxChange::Joined(other)))]);
}

async fn entries_are_read_in_portions(world: &World) {
    let room = world.room("Geral").await;
    for number in 0..5 {
        world.guest(room, &format!("Pessoa {number}")).await;
    }
    let all = all(world).await;
    assert_eq!(all.len(), 5);
    assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id));
    let some = world.storage.inbox_after(all[1].id, 2).await.unwrap();
    assert_eq!(some, all[2..4]);
    let last = world.storage.last_inbox_entry().await.unwrap();
    assert_eq!(last, all[4].id);
    let none = world.storage.inbox_after(last, 2).await.unwrap();
    assert_eq!(none, []);
}

async fn old_ones_are_forgotten_and_their_numbers_are_not_given_again(world: &World) {
    let storage = &world.storage;
    let room = world.room("Geral").await;
    world.guest(room, "Ana").await;
    let hour = Duration::from_hours(1);
    let served = storage.serve(Served(0)).await.unwrap();
    let almost = served.after(hour).before(Duration::from_millis(1));
    storage.serve(almost).await.unwrap();
    assert_eq!(storage.forget_inbox(hour).await.unwrap(), 0);
    let last = storage.last_inbox_entry().await.unwrap();
    storage.serve(served.after(hour)).await.unwrap();
    assert_eq!(storage.forget_inbox(hour).await.unwrap(), 1);
    assert_eq!(all(world).await, []);
    assert_eq!(storage.last_inbox_entry().await.unwrap(), last);
    world.guest(room, "Bia").await;
    assert!(all(world).await[0].id > last);
}

/// Many change something at the same moment, and end sessions too. Somebody who reads on from what
/// they have seen misses nothing, and the states never are older than their entry.
async fn entries_become_visible_in_order(world: &World) {
    const PEOPLE: usize = 24;
    let (room, other) = (world.room("Um").await, world.room("Dois").await);
    let ana = world.guest(room, "Ana").await;
    let seq = world.post(&ana, room, "olá").await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let guest = world.guest(room, &format!("Pessoa {number}")).await;
        people.push((guest, world.session().await));
    }
    let before = world.storage.last_inbox_entry().await.unwrap();
    let changing = people
        .iter()
        .enumerate()
        .map(async |(number, (guest, leaver))| {
            let name = username(&format!("Pessoa {number}"));
            let unread = vec![(guest.session, room, ReadMark::Unread { seq })];
            let (joined, marked, ended) = tokio::join!(
                world.storage.join(guest.session, other, name, at(1)),
                world.storage.mark(unread),
                world.storage.end_session(leaver.session),
            );
            joined.unwrap().unwrap();
            assert_eq!(marked.unwrap()[0].as_ref().unwrap().unread, 1);
            ended.unwrap();
        });
    let reading = async {
        let (mut last, mut seen) = (before, Vec::new());
        while seen.len() < 2 * PEOPLE {
            let new = world.storage.inbox_after(last, 3).await.unwrap();
            last = new.last().map_or(last, |entry| entry.id);
            seen.extend(new);
            let (guest, _) = people[0];
            let states = world.storage.membership_states(guest.session).await;
            let (as_of, states) = states.unwrap();
            assert!(as_of >= last);
            let joined = (guest.person, Some(InboxChange::Joined(other)));
            let has_joined = |entry: &InboxEntry| (entry.person, entry.change) == joined;
            if seen.iter().any(has_joined) {
                assert_eq!(states.len(), 2);
            }
        }
        seen
    };
    let both = async { tokio::join!(futures_util::future::join_all(changing), reading) };
    let (_, seen) = timeout(Duration::from_mins(1), both).await.unwrap();
    let stored = world.storage.inbox_after(before, usize::MAX).await.unwrap();
    assert_eq!(seen, stored);
    assert_eq!(seen.len(), 2 * PEOPLE);
}
