//! Rooms.

use papo_domain::{RoomId, Seq};
use papo_storage::{NewEvent, RoomFilter, StorageError};

use crate::world::{World, at, state};

crate::stories!(
    a_room_is_made_once_whatever_its_case,
    rooms_are_listed_by_name,
    rooms_are_found,
    rooms_come_page_by_page,
    a_room_knows_its_last_message,
    the_first_rooms_are_made_in_an_empty_database_only,
);

async fn names(world: &World, filter: RoomFilter) -> Vec<String> {
    let rooms = world.storage.rooms(filter).await.unwrap();
    rooms.iter().map(|r| r.room.name.to_string()).collect()
}

async fn a_room_is_made_once_whatever_its_case(world: &World) {
    let made = world.storage.create_room(state("Ação", false), at(5)).await;
    let made = made.unwrap();
    assert_eq!(made.last_seq, Seq(0));
    assert_eq!(made.created_at, at(5));
    assert_eq!(world.storage.room(made.id).await.unwrap(), Some(made));
    for name in ["Ação", "AÇÃO", "ac\u{327}a\u{303}o"] {
        let again = world.storage.create_room(state(name, true), at(5)).await;
        assert!(matches!(again, Err(StorageError::Exists(_))), "{again:?}");
    }
    assert_eq!(world.storage.room(RoomId(99)).await.unwrap(), None);
}

async fn rooms_are_listed_by_name(world: &World) {
    for name in ["Zebra", "ave", "Boi", "Água"] {
        world.room(name).await;
    }
    let all = names(world, RoomFilter::default()).await;
    assert_eq!(all, ["ave", "Boi", "Zebra", "Água"]);
}

async fn rooms_are_found(world: &World) {
    world.room("Geral").await;
    world.room("100%").await;
    let closed = world.storage.create_room(state("ÁGUA", false), at(0)).await;
    closed.unwrap();
    let active = |is_active| RoomFilter {
        is_active: Some(is_active),
        ..RoomFilter::default()
    };
    assert_eq!(names(world, active(true)).await, ["100%", "Geral"]);
    assert_eq!(names(world, active(false)).await, ["ÁGUA"]);
    for (search, expected) in [
        ("gua", vec!["ÁGUA"]),
        ("água", vec!["ÁGUA"]),
        ("%", vec!["100%"]),
        ("ABOUT G", vec!["Geral"]),
        ("_", vec![]),
    ] {
        let filter = RoomFilter {
            search: Some(search.into()),
            ..RoomFilter::default()
        };
        assert_eq!(names(world, filter).await, expected, "{search}");
    }
}

async fn rooms_come_page_by_page(world: &World) {
    for name in ["a", "b", "c"] {
        world.room(name).await;
    }
    for (offset, limit, expected) in [
        (0, Some(2), vec!["a", "b"]),
        (2, Some(2), vec!["c"]),
        (1, None, vec!["b", "c"]),
        (3, Some(2), vec![]),
    ] {
        let filter = RoomFilter {
            offset,
            limit,
            ..RoomFilter::default()
        };
        assert_eq!(names(world, filter).await, expected, "{offset} {limit:?}");
    }
}

async fn a_room_knows_its_last_message(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let last_activity = async || {
        let rooms = world.storage.rooms(RoomFilter::default()).await.unwrap();
        rooms[0].last_activity
    };
    assert_eq!(last_activity().await, None);
    let post = NewEvent {
        at: at(30),
        ..ana.post(room, None, "olá")
    };
    world.append_one(post).await.unwrap();
    let edit = NewEvent {
        at: at(40),
        ..ana.edit(room, Seq(1), "oi")
    };
    world.append_one(edit).await.unwrap();
    assert_eq!(last_activity().await, Some(at(30)));
}

async fn the_first_rooms_are_made_in_an_empty_database_only(world: &World) {
    let states = || vec![state("Geral", true), state("Jogos", true)];
    for _ in 0..2 {
        let made = world.storage.create_first_rooms(states(), at(5)).await;
        made.unwrap();
        for (id, name) in [(1, "Geral"), (2, "Jogos")] {
            let room = world.storage.room(RoomId(id)).await.unwrap().unwrap();
            assert_eq!((room.name.as_str(), room.created_at), (name, at(5)));
        }
    }
    assert_eq!(world.room("Outra").await, RoomId(3));
}
