//! Storing changes, and reading events.

use papo_domain::{Denial, EventKind, RoomId, Seq};
use papo_storage::{Act, By, NewEvent, Refusal, RoomFilter};
use tokio::task::JoinSet;

use crate::world::{Store as _, World, at, client_id, event, set_room, state, text};

crate::stories!(
    posts_are_numbered_from_one,
    every_kind_of_event_is_read_as_it_was_answered,
    a_log_shows_present_texts,
    a_refused_change_leaves_its_neighbours_alone,
    a_change_sees_the_ones_before_it_in_its_batch,
    the_same_send_is_stored_once,
    the_same_send_is_stored_once_whatever_became_of_it,
    what_is_sent_again_stands_among_what_is_new,
    client_ids_of_others_are_others,
    a_name_that_is_taken_is_refused,
    closing_a_room_keeps_the_rest_of_its_state_as_it_is_then,
    a_log_does_not_run_backwards,
    a_wrong_clock_leaves_a_log_as_soon_as_it_is_right,
    reading_on_has_a_limit,
    ends_of_logs_are_read_together,
    fifty_writers_leave_no_holes,
);

async fn posts_are_numbered_from_one(world: &World) {
    let room = world.room("Geral").await;
    let other = world.room("Outra").await;
    let ana = world.guest(room, "Ana").await;
    world.join(&ana, other, "Ana").await;
    for expected in 1..=3 {
        assert_eq!(world.post(&ana, room, "olá").await, Seq(expected));
    }
    assert_eq!(world.post(&ana, other, "olá").await, Seq(1));
    assert_eq!(world.last_seq(room).await, Seq(3));
}

async fn every_kind_of_event_is_read_as_it_was_answered(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let answers = world
        .append(vec![
            ana.post(room, Some("a"), "um"),
            ana.post(room, None, "dois"),
            ana.delete(room, Seq(2)),
            set_room(room, state("Novo nome", false)),
        ])
        .await;
    let answered: Vec<_> = answers
        .into_iter()
        .map(|answer| {
            let appended = answer.unwrap();
            assert!(!appended.duplicate);
            appended.event
        })
        .collect();
    let read = world.events(room).await;
    assert_eq!(read[0], answered[0]);
    assert_eq!(read[2..], answered[2..]);
    let EventKind::Posted(posted) = &read[0].kind else {
        panic!("{:?}", read[0]);
    };
    assert_eq!(posted.sender, ana.person);
    assert_eq!(posted.username.as_str(), "Ana");
    assert_eq!(posted.client_id, Some(client_id("a")));
    assert_eq!(read[3].kind, EventKind::Room(state("Novo nome", false)));
}

async fn a_log_shows_present_texts(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.post(&ana, room, "um").await;
    world.post(&ana, room, "dois").await;
    for event in [
        ana.edit(room, Seq(1), "um, corrigido"),
        ana.edit(room, Seq(1), "um, de novo"),
        ana.edit(room, Seq(2), "dois, corrigido"),
        ana.delete(room, Seq(2)),
    ] {
        world.append_one(event).await.unwrap();
    }
    let events = world.events(room).await;
    let text = |index: usize| match &events[index].kind {
        EventKind::Posted(posted) => posted.text.as_ref().map(ToString::to_string),
        EventKind::Edited { text, .. } => text.as_ref().map(ToString::to_string),
        other => panic!("{other:?}"),
    };
    assert_eq!(text(0).as_deref(), Some("um, de novo"));
    assert_eq!(text(1), None);
    assert_eq!(text(2).as_deref(), Some("um, de novo"));
    assert_eq!(text(3).as_deref(), Some("um, de novo"));
    assert_eq!(text(4), None);
    assert_eq!(events[5].kind, EventKind::Deleted { target: Seq(2) });
}

async fn a_refused_change_leaves_its_neighbours_alone(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let stranger = world.session().await;
    let answers = world
        .append(vec![
            ana.post(room, None, "um"),
            stranger.post(room, None, "não entrei"),
            ana.post(RoomId(999), None, "em lugar nenhum"),
            ana.edit(room, Seq(77), "o que não há"),
            ana.post(room, None, "dois"),
        ])
        .await;
    let seqs: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.map(|appended| appended.event.seq))
        .collect();
    assert_eq!(
        seqs,
        [
            Ok(Seq(1)),
            Err(Denial::NotJoined.into()),
            Err(Denial::NoRoom.into()),
            Err(Refusal::NoMessage),
            Ok(Seq(2)),
        ]
    );
    assert_eq!(world.texts(room).await, ["um", "dois"]);
}

async fn a_change_sees_the_ones_before_it_in_its_batch(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let answers = world
        .append(vec![
            ana.post(room, None, "um"),
            ana.edit(room, Seq(1), "um, corrigido"),
            ana.delete(room, Seq(1)),
            ana.edit(room, Seq(1), "tarde demais"),
            set_room(room, state("Geral", false)),
            ana.post(room, None, "fechada"),
            set_room(room, state("Geral", true)),
            ana.post(room, None, "aberta"),
        ])
        .await;
    let refused: Vec<_> = answers.iter().map(|a| a.as_ref().err().copied()).collect();
    let (no_message, read_only) = (Some(Refusal::NoMessage), Some(Denial::ReadOnly.into()));
    assert_eq!(
        refused,
        [None, None, None, no_message, None, read_only, None, None]
    );
    assert_eq!(world.texts(room).await, ["aberta"]);
    assert_eq!(world.last_seq(room).await, Seq(6));
}

async fn the_same_send_is_stored_once(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let send = ana.post(room, Some("a"), "um");
    let answers = world.append(vec![send.clone(), send.clone()]).await;
    let first = answers[0].clone().unwrap();
    let second = answers[1].clone().unwrap();
    assert!(!first.duplicate && second.duplicate);
    assert_eq!(first.event, second.event);
    let third = world.append_one(send).await.unwrap();
    assert!(third.duplicate);
    assert_eq!(first.event, third.event);
    assert_eq!(world.texts(room).await, ["um"]);
    assert_eq!(world.post(&ana, room, "dois").await, Seq(2));
}

async fn the_same_send_is_stored_once_whatever_became_of_it(world: &World) {
    let room = world.room("Geral").await;
    let other = world.room("Outra").await;
    let ana = world.guest(room, "Ana").await;
    world.join(&ana, other, "Ana").await;
    let send = ana.post(room, Some("a"), "um");
    world.append_one(send.clone()).await.unwrap();

    // Sent again to another room, after an edit, a deletion and a leave, and in a closed room.
    let known = world.append_one(ana.post(other, Some("a"), "um")).await;
    let known = known.unwrap();
    assert!(known.duplicate);
    assert_eq!((known.event.room, known.event.seq), (room, Seq(1)));
    let edit = ana.edit(room, Seq(1), "um, corrigido");
    world.append_one(edit).await.unwrap();
    assert!(world.append_one(send.clone()).await.unwrap().duplicate);
    world.append_one(ana.delete(room, Seq(1))).await.unwrap();
    let known = world.append_one(send.clone()).await.unwrap();
    let EventKind::Posted(posted) = known.event.kind else {
        panic!("not a post");
    };
    assert_eq!(posted.text, None);
    world.storage.leave(ana.session, None).await.unwrap();
    assert!(world.append_one(send.clone()).await.unwrap().duplicate);
    let close = set_room(room, state("Geral", false));
    world.append_one(close).await.unwrap();
    assert!(world.append_one(send).await.unwrap().duplicate);
    assert_eq!(world.last_seq(room).await, Seq(4));
    assert_eq!(world.last_seq(other).await, Seq(0));
}

async fn what_is_sent_again_stands_among_what_is_new(world: &World) {
    let (room, other) = (world.room("Geral").await, world.room("Outra").await);
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(other, "Bia").await;
    let first = ana.post(room, Some("first"), "um");
    world.append_one(first.clone()).await.unwrap();
    let answers = world
        .append(vec![
            ana.post(room, Some("second"), "dois"),
            bia.post(other, Some("first"), "dela"),
            first,
            ana.edit(room, Seq(2), "dois!"),
            ana.post(room, Some("second"), "dois"),
            ana.post(room, Some("third"), "três"),
        ])
        .await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let told: Vec<_> = answers
        .iter()
        .map(|a| (a.event.room, a.event.seq.0, a.duplicate))
        .collect();
    let expected = [
        (room, 2, false),
        (other, 1, false),
        (room, 1, true),
        (room, 3, false),
        (room, 2, true),
        (room, 4, false),
    ];
    assert_eq!(told, expected);
    let EventKind::Posted(again) = &answers[4].event.kind else {
        panic!("not posted: {:?}", answers[4]);
    };
    assert_eq!(again.text, Some(text("dois!")));
    assert_eq!(world.texts(room).await, ["um", "dois!", "três"]);
    assert_eq!(world.texts(other).await, ["dela"]);
}

async fn client_ids_of_others_are_others(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let bia = world.guest(room, "Bia").await;
    for guest in [&ana, &bia] {
        let posted = world.append_one(guest.post(room, Some("a"), "olá")).await;
        assert!(!posted.unwrap().duplicate);
    }
}

async fn a_name_that_is_taken_is_refused(world: &World) {
    let room = world.room("Geral").await;
    world.room("AÇÃO").await;
    let taken = world.append_one(set_room(room, state("ação", true))).await;
    assert_eq!(taken, Err(Refusal::NameTaken));
    let own = world.append_one(set_room(room, state("GERAL", true))).await;
    assert_eq!(own.unwrap().event.seq, Seq(1));
    let same = world.append_one(set_room(room, state("GERAL", true))).await;
    assert_eq!(same.unwrap().event.seq, Seq(2));
    let room = world.storage.room(room).await.unwrap().unwrap();
    assert_eq!(room.name.as_str(), "GERAL");
}

async fn closing_a_room_keeps_the_rest_of_its_state_as_it_is_then(world: &World) {
    let room = world.room("Geral").await;
    let set_active = |is_active| event(room, By::System, Act::SetActive(is_active));
    // Before the batch, and within it.
    let renamed = set_room(room, state("Um nome", true));
    world.append_one(renamed).await.unwrap();
    world.append_one(set_active(false)).await.unwrap();
    let batch = vec![
        set_active(true),
        set_room(room, state("Outro nome", true)),
        set_active(false),
    ];
    for answer in world.append(batch).await {
        answer.unwrap();
    }
    let kinds: Vec<_> = world.events(room).await;
    let kinds: Vec<_> = kinds.into_iter().map(|event| event.kind).collect();
    let expected = [
        ("Um nome", true),
        ("Um nome", false),
        ("Um nome", true),
        ("Outro nome", true),
        ("Outro nome", false),
    ];
    let expected = expected.map(|(name, is_active)| EventKind::Room(state(name, is_active)));
    assert_eq!(kinds, expected);
    let stored = world.storage.room(room).await.unwrap().unwrap();
    assert_eq!(stored.name.as_str(), "Outro nome");
    assert!(!stored.is_active);
    // The name is still the room's own.
    let other = world.room("Outra").await;
    let taken = world.append_one(set_room(other, state("outro NOME", true)));
    assert_eq!(taken.await, Err(Refusal::NameTaken));
}

async fn a_log_does_not_run_backwards(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let mut times = Vec::new();
    for millis in [50, 20, 60] {
        let event = NewEvent {
            at: at(millis),
            ..ana.post(room, None, "olá")
        };
        times.push(world.append_one(event).await.unwrap().event.timestamp);
    }
    assert_eq!(times, [at(50), at(50), at(60)]);
    let read: Vec<_> = world.events(room).await;
    assert!(read.iter().map(|event| event.timestamp).eq(times));
}

async fn a_wrong_clock_leaves_a_log_as_soon_as_it_is_right(world: &World) {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    let clock = [10, DAY, 20, 30, -400 * DAY, 40];
    for (number, millis) in clock.into_iter().enumerate() {
        let event = NewEvent {
            at: at(millis),
            ..ana.post(room, None, &format!("olá {number}"))
        };
        let stored = world.append_one(event).await.unwrap().event.timestamp;
        assert_eq!(stored, at(millis));
        let rooms = world.storage.rooms(RoomFilter::default()).await.unwrap();
        assert_eq!(rooms[0].last_activity, Some(at(millis)));
    }
    let read = world.events(room).await;
    let read: Vec<_> = read.iter().map(|event| event.timestamp).collect();
    assert_eq!(read, clock.map(at));
}

async fn reading_on_has_a_limit(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    for _ in 0..5 {
        world.post(&ana, room, "olá").await;
    }
    for (after, limit, expected) in [
        (0, 2, vec![1, 2]),
        (3, 10, vec![4, 5]),
        (5, 10, vec![]),
        (9, 10, vec![]),
        (0, 0, vec![]),
    ] {
        let events = world.storage.events_after(room, Seq(after), limit);
        let seqs: Vec<_> = events.await.unwrap().iter().map(|e| e.seq.0).collect();
        assert_eq!(seqs, expected, "after {after}, limit {limit}");
    }
    let nowhere = world.storage.events_after(RoomId(99), Seq(0), 10).await;
    assert_eq!(nowhere.unwrap(), []);
}

async fn ends_of_logs_are_read_together(world: &World) {
    let room = world.room("Geral").await;
    let other = world.room("Outra").await;
    let ana = world.guest(room, "Ana").await;
    world.post(&ana, room, "olá").await;
    let asked = vec![other, RoomId(99), room];
    let mut seqs = world.storage.last_seqs(asked).await.unwrap();
    seqs.sort_unstable();
    assert_eq!(seqs, [(room, Seq(1)), (other, Seq(0))]);
    assert_eq!(world.storage.last_seqs(vec![]).await.unwrap(), []);
}

async fn fifty_writers_leave_no_holes(world: &World) {
    let room = world.room("Geral").await;
    let mut writers = JoinSet::new();
    for number in 0..50 {
        let guest = world.guest(room, &format!("Pessoa {number}")).await;
        let storage = world.storage.clone();
        writers.spawn(async move {
            let mut seqs = Vec::new();
            for message in 0..10 {
                let id = format!("{number}-{message}");
                let batch = vec![guest.post(room, Some(&id), &id)];
                let answers = storage.store(batch).await.unwrap();
                seqs.push(answers[0].clone().unwrap().event.seq.0);
            }
            assert!(seqs.is_sorted(), "one writer's messages keep their order");
            seqs
        });
    }
    let mut seqs = writers.join_all().await.concat();
    seqs.sort_unstable();
    assert!(seqs.into_iter().eq(1..=500));
    let read = world.events(room).await;
    assert!(read.iter().map(|event| event.seq.0).eq(1..=500));
}
