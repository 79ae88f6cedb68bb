//! Read positions, and the unread messages after them.

use papo_domain::{Level, RoomId, Seq, UNREAD_MESSAGES};
use papo_storage::{InboxChange, InboxId, MembershipState, NewSession, ReadMark, Served};

use crate::world::{Guest, World, account, at, password_of, set_room, state, token};

crate::stories!(
    a_position_begins_at_the_end_of_the_log,
    unread_are_the_messages_of_others_that_are_not_deleted,
    unread_messages_are_counted_up_to_a_hundred,
    unread_messages_are_searched_among_so_many_events,
    a_position_moves_forward_and_no_further_than_the_log,
    a_late_read_does_not_undo_a_mark_as_unread,
    many_marks_are_answered_in_their_order,
    a_level_is_the_persons_and_moves_no_position,
    all_rooms_are_told_as_of_an_entry,
    an_archived_room_is_read_on,
    a_guest_who_signs_in_brings_the_positions_along,
    what_a_guest_posted_is_not_unread_for_the_account,
);

pub(crate) async fn one(world: &World, guest: &Guest, room: RoomId) -> Option<MembershipState> {
    let state = world.storage.membership_state(guest.session, room).await;
    state.unwrap()
}

/// The position in a room, its version, and what is unread.
async fn position(world: &World, guest: &Guest, room: RoomId) -> (i64, i64, u32) {
    shown(&one(world, guest, room).await.unwrap())
}

fn shown(state: &MembershipState) -> (i64, i64, u32) {
    (state.read.0, state.version, state.unread)
}

async fn mark(world: &World, guest: &Guest, room: RoomId, mark: ReadMark) -> (i64, i64, u32) {
    let marks = vec![(guest.session, room, mark)];
    let mut states = world.storage.mark(marks).await.unwrap();
    let state = states.remove(0).unwrap();
    assert_eq!(one(world, guest, room).await.as_ref(), Some(&state));
    shown(&state)
}

fn read(seq: i64, version: i64) -> ReadMark {
    ReadMark::Read {
        seq: Seq(seq),
        version,
    }
}

fn unread(seq: i64) -> ReadMark {
    ReadMark::Unread { seq: Seq(seq) }
}

async fn a_position_begins_at_the_end_of_the_log(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.post(&ana, room, "um").await;
    world.post(&ana, room, "dois").await;
    let bia = world.guest(room, "Bia").await;
    assert_eq!(position(world, &bia, room).await, (2, 2, 0));
    world.post(&ana, room, "três").await;
    // Another name is no other membership.
    world.join(&bia, room, "Beatriz").await;
    let found = one(world, &bia, room).await.unwrap();
    assert_eq!(shown(&found), (2, 2, 1));
    assert_eq!(found.name.to_string(), "Geral");
    assert_eq!(found.username.to_string(), "Beatriz");
    assert_eq!((found.room, found.last_seq), (room, Seq(3)));
    assert_eq!(found.last_activity, Some(at(1)));
    // A new membership begins anew, and a device that knows only the one before is late.
    let before = mark(world, &bia, room, unread(1)).await;
    assert_eq!(before, (0, 3, 3));
    world.storage.leave(bia.session, Some(room)).await.unwrap();
    assert_eq!(one(world, &bia, room).await, None);
    world.join(&bia, room, "Bia").await;
    assert_eq!(position(world, &bia, room).await, (3, 4, 0));
    world.post(&ana, room, "quatro").await;
    assert_eq!(mark(world, &bia, room, read(4, 3)).await, (3, 4, 1));
    assert_eq!(mark(world, &bia, room, read(4, 4)).await, (4, 4, 0));
}

async fn unread_are_the_messages_of_others_that_are_not_deleted(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    let first = world.post(&ana, room, "um").await;
    world.post(&bia, room, "dois").await;
    world.post(&ana, room, "três").await;
    assert_eq!(position(world, &bia, room).await, (0, 2, 2));
    assert_eq!(position(world, &ana, room).await, (0, 1, 1));
    world.append_one(ana.edit(room, first, "1")).await.unwrap();
    let renamed = set_room(room, state("Sala", true));
    world.append_one(renamed).await.unwrap();
    assert_eq!(position(world, &bia, room).await, (0, 2, 2));
    world.append_one(ana.delete(room, first)).await.unwrap();
    assert_eq!(position(world, &bia, room).await, (0, 2, 1));
    // A name is not who somebody is.
    world.join(&ana, room, "Ana 2").await;
    world.post(&ana, room, "quatro").await;
    let namesake = world.guest(room, "Ana").await;
    world.post(&namesake, room, "cinco").await;
    assert_eq!(position(world, &ana, room).await, (0, 1, 2));
    assert_eq!(mark(world, &bia, room, read(7, 2)).await, (7, 2, 1));
}

async fn unread_messages_are_counted_up_to_a_hundred(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    let many = (0..99).map(|number| ana.post(room, None, &number.to_string()));
    world.append(many.collect()).await;
    assert_eq!(position(world, &bia, room).await, (0, 2, 99));
    world.post(&ana, room, "100").await;
    assert_eq!(position(world, &bia, room).await, (0, 2, UNREAD_MESSAGES));
    world.post(&ana, room, "101").await;
    assert_eq!(position(world, &bia, room).await, (0, 2, UNREAD_MESSAGES));
    assert_eq!(mark(world, &bia, room, read(1, 2)).await, (1, 2, 100));
    assert_eq!(mark(world, &bia, room, read(2, 2)).await, (2, 2, 99));
}

/// Otherwise a person whose own messages fill the log could have it read whole again and again.
async fn unread_messages_are_searched_among_so_many_events(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    let mut own = (0..10_000).map(|_| bia.post(room, None, "meu"));
    for _ in 0..10 {
        world.append(own.by_ref().take(1_000).collect()).await;
    }
    world.post(&ana, room, "fora").await;
    assert_eq!(position(world, &bia, room).await, (0, 2, 0));
    assert_eq!(mark(world, &bia, room, read(1, 2)).await, (1, 2, 1));
}

async fn a_position_moves_forward_and_no_further_than_the_log(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    for number in 0..5 {
        world.post(&ana, room, &number.to_string()).await;
    }
    assert_eq!(mark(world, &bia, room, read(3, 2)).await, (3, 2, 2));
    assert_eq!(mark(world, &bia, room, read(2, 2)).await, (3, 2, 2));
    assert_eq!(mark(world, &bia, room, read(i64::MIN, 2)).await, (3, 2, 2));
    assert_eq!(mark(world, &bia, room, read(i64::MAX, 2)).await, (5, 2, 0));
    world.post(&ana, room, "depois").await;
    assert_eq!(position(world, &bia, room).await, (5, 2, 1));
    assert_eq!(mark(world, &bia, room, unread(4)).await, (3, 5, 3));
    assert_eq!(mark(world, &bia, room, unread(i64::MIN)).await, (0, 6, 6));
    // The log doesn't reach these.
    assert_eq!(mark(world, &bia, room, unread(7)).await, (0, 6, 6));
    assert_eq!(mark(world, &bia, room, unread(i64::MAX)).await, (0, 6, 6));
}

async fn a_late_read_does_not_undo_a_mark_as_unread(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    for number in 0..5 {
        world.post(&ana, room, &number.to_string()).await;
    }
    assert_eq!(mark(world, &bia, room, read(5, 2)).await, (5, 2, 0));
    assert_eq!(mark(world, &bia, room, unread(2)).await, (1, 4, 4));
    assert_eq!(mark(world, &bia, room, read(5, 2)).await, (1, 4, 4));
    assert_eq!(mark(world, &bia, room, read(4, 4)).await, (4, 4, 1));
    // A newer one is nobody's; it does no harm.
    assert_eq!(mark(world, &bia, room, read(5, 9)).await, (5, 4, 0));
}

async fn many_marks_are_answered_in_their_order(world: &World) {
    let (room, other) = (world.room("Um").await, world.room("Dois").await);
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    let gone = world.guest(room, "Caio").await;
    world.join(&ana, other, "Ana").await;
    for number in 0..3 {
        world.post(&ana, room, &number.to_string()).await;
    }
    world.storage.end_session(gone.session).await.unwrap();
    let marks = vec![
        (bia.session, room, read(2, 2)),
        (bia.session, other, read(2, 2)),
        (ana.session, room, read(3, 1)),
        (bia.session, room, unread(1)),
        (gone.session, room, read(3, 3)),
        (bia.session, room, read(3, 2)),
        (ana.session, other, read(3, 4)),
        (bia.session, RoomId(99), read(3, 0)),
    ];
    let states = world.storage.mark(marks).await.unwrap();
    let states = states.iter().map(|state| state.as_ref().map(shown));
    let last = Some((0, 5, 3));
    let expected = [
        last,
        None,
        Some((3, 1, 0)),
        last,
        None,
        last,
        Some((0, 4, 0)),
        None,
    ];
    assert_eq!(states.collect::<Vec<_>>(), expected);
    assert_eq!(world.storage.mark(vec![]).await.unwrap(), []);
}

async fn all_rooms_are_told_as_of_an_entry(world: &World) {
    let nobody = world.session().await;
    let states = world.storage.membership_states(nobody.session).await;
    assert_eq!(states.unwrap(), (InboxId(0), vec![]));
    let mut rooms = Vec::new();
    for name in ["C", "B", "A"] {
        rooms.push(world.room(name).await);
    }
    let ana = world.guest(rooms[2], "Ana").await;
    world.join(&ana, rooms[0], "Ana Maria").await;
    let bia = world.guest(rooms[1], "Bia").await;
    world.join(&bia, rooms[0], "Bia").await;
    world.post(&bia, rooms[0], "olá").await;
    let (as_of, states) = world.storage.membership_states(ana.session).await.unwrap();
    assert_eq!(as_of, world.storage.last_inbox_entry().await.unwrap());
    let expected = [
        one(world, &ana, rooms[0]).await.unwrap(),
        one(world, &ana, rooms[2]).await.unwrap(),
    ];
    assert_eq!(states, expected);
    assert_eq!(states[0].username.to_string(), "Ana Maria");
    assert_eq!((states[0].unread, states[1].unread), (1, 0));
    assert_eq!(states[1].last_activity, None);
    world.storage.end_session(ana.session).await.unwrap();
    let ended = world.storage.membership_states(ana.session).await.unwrap();
    assert_eq!(ended, (as_of, vec![]));
    assert_eq!(one(world, &ana, rooms[0]).await, None);
}

async fn an_archived_room_is_read_on(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    world.post(&ana, room, "olá").await;
    let close = set_room(room, state("Geral", false));
    world.append_one(close).await.unwrap();
    assert_eq!(position(world, &bia, room).await, (0, 0, 1));
    let (_, states) = world.storage.membership_states(bia.session).await.unwrap();
    let terms: Vec<_> = states.iter().map(|state| state.terms.is_active).collect();
    assert_eq!(terms, [false]);
    mark(world, &bia, room, read(1, 0)).await;
    assert_eq!(position(world, &bia, room).await, (1, 0, 0));
}

/// A device that is signed in to the only account, in place of a guest's.
async fn sign_in(world: &World, number: u64, before: Option<&Guest>) -> Guest {
    let storage = &world.storage;
    let bia = match storage.accounts().await.unwrap().pop() {
        Some(bia) => bia,
        None => {
            let made = account("Bia", papo_domain::PersonId(7));
            storage.create_account(made).await.unwrap()
        }
    };
    let token = token(number);
    let session = NewSession {
        token,
        at: at(3),
        used: Served(3),
    };
    let before = before.map(|guest| guest.session);
    let signed_in = storage.sign_in(bia.id, password_of("Bia"), session, before);
    Guest {
        session: signed_in.await.unwrap().unwrap(),
        person: bia.person,
        token,
    }
}

async fn a_guest_who_signs_in_brings_the_positions_along(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let guest = world.guest(room, "Visita").await;
    for number in 0..3 {
        world.post(&ana, room, &number.to_string()).await;
    }
    mark(world, &guest, room, unread(2)).await;
    let device = sign_in(world, 1_001, Some(&guest)).await;
    assert_eq!(position(world, &device, room).await, (1, 4, 2));
}

/// A guest has read what was there before the guest's own message.
async fn what_a_guest_posted_is_not_unread_for_the_account(world: &World) {
    let (room, other) = (world.room("Um").await, world.room("Dois").await);
    let ana = world.guest(room, "Ana").await;
    let device = sign_in(world, 1_001, None).await;
    world.join(&device, room, "Bia").await;
    let guest = world.guest(room, "Visita").await;
    world.join(&guest, other, "Visita").await;
    world.post(&ana, room, "um").await;
    world.post(&guest, room, "meu").await;
    world.post(&guest, other, "meu").await;
    world.post(&ana, room, "depois").await;
    assert_eq!(position(world, &device, room).await, (0, 2, 3));
    let before = world.storage.last_inbox_entry().await.unwrap();
    let same = sign_in(world, 1_002, Some(&guest)).await;
    assert_eq!(position(world, &device, room).await, (2, 2, 1));
    assert_eq!(position(world, &same, other).await, (1, before.0 + 1, 0));
    let told = world.storage.inbox_after(before, 10).await.unwrap();
    let told: Vec<_> = told.into_iter().filter_map(|entry| entry.change).collect();
    let expected = [InboxChange::Joined(other), InboxChange::Read(room)];
    assert_eq!(told, expected);
}

async fn a_level_is_the_persons_and_moves_no_position(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    world.post(&ana, room, "um").await;
    assert_eq!(
        one(world, &bia, room).await.unwrap().level,
        Level::Everything
    );
    let unmoved = position(world, &bia, room).await;
    for level in Level::ALL.into_iter().rev() {
        let before = world.storage.last_inbox_entry().await.unwrap();
        mark(world, &bia, room, ReadMark::Level(level)).await;
        assert_eq!(position(world, &bia, room).await, unmoved);
        assert_eq!(one(world, &bia, room).await.unwrap().level, level);
        let ana = one(world, &ana, room).await.unwrap();
        assert_eq!(ana.level, Level::Everything);
        let entries = world.storage.inbox_after(before, 9).await.unwrap();
        assert_eq!(entries.len(), 1, "an entry for each change");
        mark(world, &bia, room, ReadMark::Level(level)).await;
        let again = world.storage.inbox_after(entries[0].id, 9).await.unwrap();
        assert_eq!(again, [], "nothing has changed");
    }
    mark(world, &bia, room, ReadMark::Level(Level::Mentions)).await;
    mark(world, &bia, room, read(1, unmoved.1)).await;
    let found = one(world, &bia, room).await.unwrap();
    assert_eq!((found.level, found.read), (Level::Mentions, Seq(1)));
}
