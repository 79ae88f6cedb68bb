//! Stories that hold over every relay.

use std::time::Duration;

use papo_channel_layer::{Incoming, Move, NodeId, People, Signal};
use papo_domain::{PersonId, RoomId, Seq};

use crate::world::{World, frames, next, typing};

crate::stories!(
    what_is_told_about_a_followed_room_arrives_in_order,
    what_is_told_to_all_arrives_everywhere_but_at_home,
    a_room_that_is_not_followed_is_silent,
    a_room_that_is_followed_again_is_heard_again,
    many_frames_arrive_in_portions,
);

async fn what_is_told_about_a_followed_room_arrives_in_order(mut world: World) {
    world.b_follows().await;
    let room = world.room;
    let told = [
        frames(room, 1..=3, 300),
        typing(room, 7),
        Signal::People(
            room,
            People {
                version: 1,
                online: 2,
                people: Vec::new(),
            },
        ),
        frames(room, 4..=4, 300),
    ];
    for signal in &told {
        world.a.relay.tell(signal.clone());
    }
    for signal in told {
        let heard = next(&mut world.b).await;
        assert_eq!(heard, Incoming::Signal(NodeId(1), signal));
    }
}

async fn what_is_told_to_all_arrives_everywhere_but_at_home(mut world: World) {
    // Until both are heard: a relay may lose signals from before its subscription.
    world.b_follows().await;
    world.a.relay.tell(Signal::Changed);
    let heard = next(&mut world.b).await;
    assert_eq!(heard, Incoming::Signal(NodeId(1), Signal::Changed));
    let heads = Signal::Heads(vec![(
        world.room,
        vec![(Seq(7), Move::Posted(PersonId(1)))],
    )]);
    world.a.relay.tell(heads.clone());
    let heard = next(&mut world.b).await;
    assert_eq!(heard, Incoming::Signal(NodeId(1), heads));
    world.b.relay.tell(Signal::Stopped);
    // The first signal that A hears is B's, and not its own.
    let heard = next(&mut world.a).await;
    assert_eq!(heard, Incoming::Signal(NodeId(2), Signal::Stopped));
}

async fn a_room_that_is_not_followed_is_silent(mut world: World) {
    world.b_follows().await;
    world.a.relay.tell(typing(RoomId(99), 1));
    world.b.relay.unfollow(world.room);
    // Signals on their way may still arrive.
    tokio::time::sleep(Duration::from_millis(200)).await;
    while world.b.incoming.try_recv().is_ok() {}
    world.a.relay.tell(typing(world.room, 1));
    world.a.relay.tell(Signal::Changed);
    let heard = next(&mut world.b).await;
    assert_eq!(heard, Incoming::Signal(NodeId(1), Signal::Changed));
}

async fn a_room_that_is_followed_again_is_heard_again(mut world: World) {
    for _ in 0..5 {
        world.b_follows().await;
        world.b.relay.unfollow(world.room);
    }
    world.b_follows().await;
}

async fn many_frames_arrive_in_portions(mut world: World) {
    world.b_follows().await;
    // Ten megabytes: ten times what NATS takes at once.
    world.a.relay.tell(frames(world.room, 1..=200, 50_000));
    let mut seen = Vec::new();
    while seen.len() < 200 {
        let Incoming::Signal(_, Signal::Frames(_, some)) = next(&mut world.b).await else {
            panic!("frames");
        };
        seen.extend(some.into_iter().map(|frame| frame.seq.0));
    }
    assert_eq!(seen, (1..=200).collect::<Vec<_>>());
}
