//! Reading messages.

use papo_domain::{RoomId, Seq};
use papo_storage::{MessageFilter, MessagePage, NewEvent};

use crate::world::{Guest, World, at, username};

crate::stories!(
    a_snapshot_has_the_last_messages_and_the_end_of_the_log,
    earlier_messages_come_page_by_page,
    an_edited_message_says_so,
    a_deleted_message_is_gone,
    messages_are_found_by_text_or_name,
    no_character_of_a_search_is_special,
    messages_are_found_by_room_and_time,
    found_messages_come_page_by_page,
);

fn texts(page: &MessagePage) -> Vec<&str> {
    page.messages.iter().map(|m| m.text.as_str()).collect()
}

async fn find(world: &World, search: &str) -> Vec<String> {
    let filter = MessageFilter {
        search: Some(search.into()),
        limit: 100,
        ..MessageFilter::default()
    };
    let page = world.storage.find_messages(filter).await.unwrap();
    texts(&page).into_iter().map(Into::into).collect()
}

async fn a_snapshot_has_the_last_messages_and_the_end_of_the_log(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let empty = world.storage.snapshot(room, 50).await.unwrap().unwrap();
    assert_eq!(empty.room.last_seq, Seq(0));
    assert_eq!(texts(&empty.page), Vec::<&str>::new());
    for text in ["um", "dois", "três"] {
        world.post(&ana, room, text).await;
    }
    world.append_one(ana.delete(room, Seq(3))).await.unwrap();
    let last = world.storage.snapshot(room, 1).await.unwrap().unwrap();
    assert_eq!(last.room.last_seq, Seq(4));
    assert_eq!(texts(&last.page), ["dois"]);
    assert!(last.page.more);
    let all = world.storage.snapshot(room, 2).await.unwrap().unwrap();
    assert_eq!(texts(&all.page), ["um", "dois"]);
    assert!(!all.page.more);
    let nowhere = world.storage.snapshot(RoomId(99), 2).await.unwrap();
    assert_eq!(nowhere, None);
}

async fn earlier_messages_come_page_by_page(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for text in ["um", "dois", "três", "quatro", "cinco"] {
        world.post(&ana, room, text).await;
    }
    world.append_one(ana.delete(room, Seq(3))).await.unwrap();
    for (before, limit, expected, more) in [
        (5, 2, vec!["dois", "quatro"], true),
        (5, 3, vec!["um", "dois", "quatro"], false),
        (2, 5, vec!["um"], false),
        (1, 5, vec![], false),
        (5, 0, vec![], true),
    ] {
        let page = world.storage.messages_before(room, Seq(before), limit);
        let page = page.await.unwrap();
        assert_eq!(texts(&page), expected, "{limit} before {before}");
        assert_eq!(page.more, more, "{limit} before {before}");
    }
}

async fn an_edited_message_says_so(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let seq = world.post(&ana, room, "um").await;
    world.join(&ana, room, "Outro nome").await;
    let edit = NewEvent {
        at: at(70),
        ..ana.edit(room, seq, "um, corrigido")
    };
    world.append_one(edit).await.unwrap();
    let snapshot = world.storage.snapshot(room, 50).await.unwrap().unwrap();
    let message = &snapshot.page.messages[0];
    assert_eq!(message.seq, seq);
    assert_eq!(message.text.as_str(), "um, corrigido");
    assert_eq!(message.username, username("Ana"));
    assert_eq!(message.timestamp, at(1));
    assert_eq!(message.edited, Some(at(70)));
}

async fn a_deleted_message_is_gone(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let seq = world.post(&ana, room, "segredo").await;
    world.append_one(ana.delete(room, seq)).await.unwrap();
    assert_eq!(world.texts(room).await, Vec::<String>::new());
    assert_eq!(find(world, "segredo").await, Vec::<String>::new());
}

async fn messages_are_found_by_text_or_name(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana Ávila").await;
    let bia = world.guest(room, "Bia").await;
    world.post(&ana, room, "Bom dia").await;
    world.post(&bia, room, "AÇÃO e REAÇÃO").await;
    world.post(&bia, room, "ΟΔΟΣ").await;
    assert_eq!(find(world, "BOM").await, ["Bom dia"]);
    assert_eq!(find(world, "reação").await, ["AÇÃO e REAÇÃO"]);
    assert_eq!(find(world, "οδος").await, ["ΟΔΟΣ"]);
    assert_eq!(find(world, "áVILA").await, ["Bom dia"]);
    assert_eq!(find(world, "nada disso").await, Vec::<String>::new());
}

async fn no_character_of_a_search_is_special(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let said = [
        "100% certo",
        "a_b",
        "aXb",
        r"c:\pasta",
        "it's \"so\"",
        "* NEAR -x",
    ];
    for text in said {
        world.post(&ana, room, text).await;
    }
    for (search, found) in [
        ("%", "100% certo"),
        ("_", "a_b"),
        (r"\", r"c:\pasta"),
        ("'", "it's \"so\""),
        ("\"", "it's \"so\""),
        ("*", "* NEAR -x"),
    ] {
        assert_eq!(find(world, search).await, [found], "{search}");
    }
    assert_eq!(find(world, "\0").await, Vec::<String>::new());
}

async fn messages_are_found_by_room_and_time(world: &World) {
    let room = world.room("Geral").await;
    let other = world.room("Outra").await;
    let ana = world.guest(room, "Ana").await;
    world.join(&ana, other, "Ana").await;
    let post = async |guest: &Guest, room, text: &str, millis| {
        let event = NewEvent {
            at: at(millis),
            ..guest.post(room, None, text)
        };
        world.append_one(event).await.unwrap();
    };
    post(&ana, room, "um", 10).await;
    post(&ana, other, "dois", 20).await;
    post(&ana, room, "três", 30).await;
    let all = MessageFilter {
        limit: 10,
        ..MessageFilter::default()
    };
    let only_room = MessageFilter {
        room: Some(room),
        ..all.clone()
    };
    let early = MessageFilter {
        until: Some(at(20)),
        ..all.clone()
    };
    let late = MessageFilter {
        from: Some(at(20)),
        ..all.clone()
    };
    for (filter, expected) in [
        (all, vec!["três", "dois", "um"]),
        (only_room, vec!["três", "um"]),
        (early, vec!["um"]),
        (late, vec!["três", "dois"]),
    ] {
        let page = world.storage.find_messages(filter.clone()).await.unwrap();
        assert_eq!(texts(&page), expected, "{filter:?}");
    }
}

async fn found_messages_come_page_by_page(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for text in ["um", "dois", "três"] {
        world.post(&ana, room, text).await;
    }
    let page = async |offset| {
        let filter = MessageFilter {
            offset,
            limit: 2,
            ..MessageFilter::default()
        };
        world.storage.find_messages(filter).await.unwrap()
    };
    let (first, second) = (page(0).await, page(2).await);
    assert_eq!(texts(&first), ["três", "dois"]);
    assert!(first.more);
    assert_eq!(texts(&second), ["um"]);
    assert!(!second.more);
}
