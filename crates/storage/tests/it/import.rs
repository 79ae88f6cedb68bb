//! The import of rooms and messages.

use papo_domain::{PersonId, RoomDescription, RoomId, RoomName, Seq};
use papo_storage::{ImportReport, ImportedMessage, ImportedRoom, RoomFilter, StorageError};

use crate::world::{World, at, client_id, text, username};

crate::stories!(
    rooms_and_messages_come_in,
    brought_in_again_nothing_is_doubled,
    a_room_that_exists_is_merged_into,
    one_bad_message_undoes_everything,
);

#[expect(clippy::unnecessary_wraps, reason = "an import's items are results")]
fn message(number: i64) -> Result<ImportedMessage, String> {
    let message = ImportedMessage {
        sender: PersonId(u64::MAX),
        username: username("Ana"),
        text: text(&format!("mensagem {number}")),
        timestamp: at(-1_000_000 + number),
        client_id: client_id(&number.to_string()),
    };
    Ok(message)
}

#[expect(clippy::unnecessary_wraps, reason = "an import's items are results")]
fn room(
    name: &str,
    messages: Vec<Result<ImportedMessage, String>>,
) -> Result<ImportedRoom, String> {
    Ok(ImportedRoom {
        name: RoomName::parse(name).unwrap(),
        description: RoomDescription::parse("De longe").unwrap(),
        is_active: true,
        created_at: at(-2_000_000),
        messages: Box::new(messages.into_iter()),
    })
}

async fn import(
    world: &World,
    rooms: Vec<Result<ImportedRoom, String>>,
) -> Result<ImportReport, StorageError> {
    let rooms = Box::new(rooms.into_iter());
    world.storage.import(rooms).await
}

async fn all_rooms(world: &World) -> Vec<(RoomId, Seq)> {
    let rooms = world.storage.rooms(RoomFilter::default()).await.unwrap();
    rooms.iter().map(|r| (r.room.id, r.room.last_seq)).collect()
}

async fn rooms_and_messages_come_in(world: &World) {
    let rooms = vec![
        room("Cheia", vec![message(1), message(2), message(3)]),
        room("Vazia", vec![]),
    ];
    let report = import(world, rooms).await.unwrap();
    let expected = ImportReport {
        rooms_created: 2,
        messages_stored: 3,
        ..ImportReport::default()
    };
    assert_eq!(report, expected);
    let rooms = world.storage.rooms(RoomFilter::default()).await.unwrap();
    let (full, empty) = (&rooms[0], &rooms[1]);
    assert_eq!(full.room.created_at, at(-2_000_000));
    assert_eq!(full.room.description.as_str(), "De longe");
    assert_eq!(full.last_activity, Some(at(-999_997)));
    assert_eq!(empty.last_activity, None);
    let events = world.events(full.room.id).await;
    assert!(events.iter().map(|event| event.seq.0).eq(1..=3));
    let times = events.iter().map(|event| event.timestamp);
    assert!(times.eq((1..=3).map(|number| at(-1_000_000 + number))));
}

async fn brought_in_again_nothing_is_doubled(world: &World) {
    let rooms = || vec![room("Cheia", vec![message(1), message(2), message(1)])];
    let first = import(world, rooms()).await.unwrap();
    assert_eq!((first.messages_stored, first.messages_known), (2, 1));
    let second = import(world, rooms()).await.unwrap();
    let expected = ImportReport {
        rooms_merged: 1,
        messages_known: 3,
        ..ImportReport::default()
    };
    assert_eq!(second, expected);
    assert_eq!(all_rooms(world).await, [(RoomId(1), Seq(2))]);
}

async fn a_room_that_exists_is_merged_into(world: &World) {
    let here = world.room("Geral").await;
    let ana = world.guest(here, "Ana").await;
    world.post(&ana, here, "daqui").await;
    let rooms = vec![
        room("GERAL", vec![message(1), message(2)]),
        room("geral", vec![message(3)]),
    ];
    let report = import(world, rooms).await.unwrap();
    assert_eq!((report.rooms_created, report.rooms_merged), (0, 2));
    let texts = world.texts(here).await;
    let expected = ["daqui", "mensagem 1", "mensagem 2", "mensagem 3"];
    assert_eq!(texts, expected);
    let rooms = world.storage.rooms(RoomFilter::default()).await.unwrap();
    assert_eq!(rooms[0].room.name.as_str(), "Geral");
    assert_eq!(rooms[0].last_activity, Some(at(1)));
    assert_eq!(world.post(&ana, here, "depois").await, Seq(5));
}

async fn one_bad_message_undoes_everything(world: &World) {
    let rooms = vec![
        room("Boa", vec![message(1)]),
        room("Ruim", vec![message(2), Err("linha 7: sem data".into())]),
    ];
    let error = import(world, rooms).await.unwrap_err();
    assert!(error.to_string().contains("linha 7: sem data"), "{error}");
    let error = import(world, vec![Err("linha 9".into())])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("linha 9"), "{error}");
    assert_eq!(all_rooms(world).await, []);
    let rooms = vec![room("Boa", vec![message(1)])];
    assert_eq!(import(world, rooms).await.unwrap().messages_stored, 1);
}
