//! What NATS itself does to a relay: it goes and comes, carries strangers' messages, and has
//! limits.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use papo_channel_layer::nats::{NatsRelay, NatsSettings};
use papo_channel_layer::testing::{NatsServer, nats_url};
use papo_channel_layer::{Incoming, NodeId, Signal};
use papo_domain::{RelayKey, RoomId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::world::{LIMIT, World, epoch, frames, next, start, typing, until};

#[tokio::test]
async fn a_relay_starts_before_nats_and_survives_it() {
    let mut server = NatsServer::stopped("");
    let settings = NatsSettings::parse(&server.url()).unwrap();
    let (relay, mut nodes) = start(&settings, epoch(), 1).await;
    nodes.relay.tell(Signal::Changed);
    assert_eq!((relay.is_connected(), relay.counts().dropped), (false, 1));
    for _ in 0..3 {
        server.start_again();
        assert_eq!(next(&mut nodes).await, Incoming::Connected);
        assert!(relay.is_connected());
        server.kill();
        until("it to be noticed", || !relay.is_connected()).await;
    }
    relay.close().await;
}

#[tokio::test]
async fn rooms_are_followed_again_when_nats_is_back() {
    let mut server = NatsServer::start("");
    let settings = NatsSettings::parse(&server.url()).unwrap();
    let mut world = World::nats_with(&settings).await;
    world.b_follows().await;
    server.kill();
    until("it to be noticed", || {
        !world.relays.iter().any(|relay| relay.is_connected())
    })
    .await;
    // While it is away nothing is stored, and nothing waits.
    for _ in 0..100_000 {
        world.a.relay.tell(typing(world.room, 1));
    }
    assert!(world.relays[0].counts().dropped >= 100_000);
    server.start_again();
    assert_eq!(next(&mut world.a).await, Incoming::Connected);
    assert_eq!(next(&mut world.b).await, Incoming::Connected);
    world.b_follows().await;
}

#[tokio::test]
async fn when_one_server_goes_another_is_taken() {
    let (mut one, mut two) = (NatsServer::start(""), NatsServer::stopped(""));
    let urls = format!("{},{}", one.url(), two.url());
    let settings = NatsSettings::parse(&urls).unwrap();
    let (relay, mut nodes) = start(&settings, epoch(), 1).await;
    assert_eq!(next(&mut nodes).await, Incoming::Connected);
    two.start_again();
    one.kill();
    assert_eq!(next(&mut nodes).await, Incoming::Connected);
    assert!(relay.is_connected());
    relay.close().await;
}

#[tokio::test]
async fn a_nats_that_hangs_holds_nobody_up_and_is_given_up() {
    let server = NatsServer::start("");
    let proxy = Proxy::to(server.port()).await;
    let settings = NatsSettings::parse(&format!("nats://127.0.0.1:{}", proxy.port)).unwrap();
    let (relay, mut nodes) = start(&settings, epoch(), 1).await;
    assert_eq!(next(&mut nodes).await, Incoming::Connected);
    proxy.hangs.send_replace(true);
    // 250 MB: more than all buffers on the way take.
    let signal = frames(RoomId(1), 1..=1, 50_000);
    let start = Instant::now();
    for number in 0..5_000 {
        nodes.relay.tell(signal.clone());
        if number % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    assert!(relay.counts().dropped > 0, "{:?}", relay.counts());
    timeout(3 * LIMIT, until_down(&relay)).await.unwrap();
    proxy.hangs.send_replace(false);
    assert_eq!(next(&mut nodes).await, Incoming::Connected);
    relay.close().await;
}

async fn until_down(relay: &NatsRelay) {
    while relay.is_connected() {
        sleep(Duration::from_millis(20)).await;
    }
}

/// Stands between a relay and NATS, and can stop passing anything on.
struct Proxy {
    port: u16,
    hangs: watch::Sender<bool>,
}

impl Proxy {
    async fn to(port: u16) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.unwrap();
        let own = listener.local_addr().unwrap().port();
        let hangs = watch::Sender::new(false);
        let state = hangs.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
                    continue;
                };
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = far.into_split();
                tokio::spawn(pass_on(near_read, far_write, state.subscribe()));
                tokio::spawn(pass_on(far_read, near_write, state.subscribe()));
            }
        });
        Self { port: own, hangs }
    }
}

async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut hangs: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 4_096];
    loop {
        if hangs.wait_for(|hangs| !hangs).await.is_err() {
            return;
        }
        match from.read(&mut buffer).await {
            Ok(length @ 1..) if to.write_all(&buffer[..length]).await.is_ok() => {}
            _ => return,
        }
    }
}

#[tokio::test]
async fn what_strangers_say_is_ignored_and_counted() {
    let url = nats_url();
    let settings = NatsSettings::parse(&url).unwrap();
    let epoch = epoch();
    let (relay, mut nodes) = start(&settings, epoch, 1).await;
    assert_eq!(next(&mut nodes).await, Incoming::Connected);
    let stranger = async_nats::connect(&url).await.unwrap();
    let hostile: [&[u8]; 6] = [
        b"",
        b"\x00",
        b"hello",
        b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x01\x07\x00\xff\xff\xff\xff\x0f",
        &vec![0x01; 100_000],
    ];
    let subject = format!("papo.{epoch}.all");
    // Subscribing takes a moment: until one is counted.
    let start = Instant::now();
    while relay.counts().undecodable == 0 {
        assert!(start.elapsed() < LIMIT, "nothing is heard");
        stranger
            .publish(subject.clone(), "noise".into())
            .await
            .unwrap();
        sleep(Duration::from_millis(500)).await;
    }
    let before = relay.counts().undecodable;
    for payload in hostile {
        let payload = bytes::Bytes::copy_from_slice(payload);
        stranger.publish(subject.clone(), payload).await.unwrap();
    }
    until("them to be counted", || {
        relay.counts().undecodable == before + 6
    })
    .await;
    assert_eq!(relay.counts().received, 0);
    assert!(nodes.incoming.try_recv().is_err());
    relay.close().await;
}

#[tokio::test]
async fn who_knows_the_database_by_name_alone_is_not_believed() {
    let settings = NatsSettings::parse(&nats_url()).unwrap();
    let (epoch, room) = (epoch(), RoomId(1));
    let (relay, mut nodes) = start(&settings, epoch, 1).await;
    let (friend, mut friends) = start(&settings, epoch, 2).await;
    let other_key = RelayKey::new([8; RelayKey::BYTES]);
    let stranger = NatsRelay::start(&settings, epoch, &other_key, NodeId(3)).await;
    let (stranger, mut strangers) = stranger.unwrap();
    for nodes in [&mut nodes, &mut friends, &mut strangers] {
        assert_eq!(next(nodes).await, Incoming::Connected);
    }
    // First signals for all nodes, then in the room.
    for signal in [Signal::Stopped, frames(room, 1..=2, 100)] {
        let before = relay.counts().undecodable;
        // Subscribing takes a moment: until the stranger is heard.
        let deadline = Instant::now() + LIMIT;
        while relay.counts().undecodable == before {
            assert!(Instant::now() < deadline, "nothing is heard");
            strangers.relay.tell(signal.clone());
            sleep(Duration::from_millis(100)).await;
        }
        friends.relay.tell(signal.clone());
        assert_eq!(next(&mut nodes).await, Incoming::Signal(NodeId(2), signal));
        nodes.relay.follow(room);
    }
    assert_eq!(relay.counts().received, 2);
    for relay in [relay, friend, stranger] {
        relay.close().await;
    }
}

#[tokio::test]
async fn what_is_larger_than_nats_takes_is_dropped_and_the_rest_arrives() {
    let server = NatsServer::start("max_payload: 10000");
    let settings = NatsSettings::parse(&server.url()).unwrap();
    let mut world = World::nats_with(&settings).await;
    world.b_follows().await;
    let before = world.relays[0].counts();
    world.a.relay.tell(frames(world.room, 1..=1, 20_000));
    world.a.relay.tell(frames(world.room, 2..=2, 2_000));
    let expected = Incoming::Signal(NodeId(1), frames(world.room, 2..=2, 2_000));
    assert_eq!(next(&mut world.b).await, expected);
    let after = world.relays[0].counts();
    assert_eq!(after.dropped, before.dropped + 1);
    assert_eq!(after.published, before.published + 1);
}

#[tokio::test]
async fn histories_that_share_a_nats_do_not_hear_each_other() {
    let mut one = World::nats().await;
    let mut other = World::nats().await;
    one.b_follows().await;
    other.b_follows().await;
    one.a.relay.tell(typing(one.room, 5));
    other.a.relay.tell(typing(other.room, 6));
    let heard = next(&mut other.b).await;
    assert_eq!(heard, Incoming::Signal(NodeId(1), typing(other.room, 6)));
    let heard = next(&mut one.b).await;
    assert_eq!(heard, Incoming::Signal(NodeId(1), typing(one.room, 5)));
}

#[tokio::test]
async fn a_nats_that_takes_connections_and_says_nothing_holds_nobody_up() {
    let mute = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let url = format!("nats://{}", mute.local_addr().unwrap());
    let settings = NatsSettings::parse(&url).unwrap();
    let (relay, nodes) = start(&settings, epoch(), 1).await;
    for _ in 0..100_000 {
        nodes.relay.tell(Signal::Changed);
    }
    nodes.relay.follow(RoomId(1));
    assert_eq!(relay.counts().dropped, 100_000);
    timeout(LIMIT, relay.close()).await.unwrap();
}

#[tokio::test]
async fn what_was_told_before_the_end_is_still_told() {
    let mut world = World::nats().await;
    world.b_follows().await;
    for _ in 0..100 {
        world.a.relay.tell(typing(world.room, 1));
    }
    world.a.relay.tell(Signal::Stopped);
    world.relays[0].close().await;
    loop {
        if next(&mut world.b).await == Incoming::Signal(NodeId(1), Signal::Stopped) {
            break;
        }
    }
}
