//! Lists of people on several nodes, with a clock that tests move.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use papo_channel_layer::testing::{Bus, Faults};
use papo_channel_layer::{Connection, Follower, Hub, Incoming, Nodes, Signal, TailLimits, Wants};
use papo_domain::{PersonId, RoomId, SessionId, Username};
use tokio::time::{Instant, advance};

const ROOM: RoomId = RoomId(1);
const MOST: usize = 3;
/// As often as the application looks.
const TICK: Duration = Duration::from_millis(100);

/// A node as the application runs it, without its storage.
struct Node {
    hub: Arc<Hub>,
    nodes: Nodes,
}

impl Node {
    fn new(bus: &Bus) -> Self {
        let nodes = bus.join();
        let hub = Hub::with_relay(TailLimits::default(), Some(Arc::clone(&nodes.relay)));
        Self {
            hub: Arc::new(hub),
            nodes,
        }
    }

    fn enter(&self, sender: u64, name: &str) -> Follower {
        let session = SessionId(i64::try_from(sender).unwrap());
        let connection = Arc::new(Connection::new(session, PersonId(sender), None));
        let name = Username::parse(name).unwrap();
        self.hub
            .follow(ROOM, &connection, name, Wants::Everything, Instant::now())
    }

    fn turn(&mut self) {
        let now = Instant::now();
        while let Ok(incoming) = self.nodes.incoming.try_recv() {
            match incoming {
                Incoming::Signal(node, Signal::People(room, people)) => {
                    self.hub.hear_people(node, room, people, now);
                }
                Incoming::Signal(node, Signal::Stopped) => self.hub.stop_node(node, now),
                Incoming::Connected => self.hub.tell_people_soon(now),
                Incoming::Signal(..) => {}
            }
        }
        self.hub.refresh_presence(now, MOST, |_, online, people| {
            let names: Vec<_> = people.iter().map(|p| p.username.as_str()).collect();
            Bytes::from(format!("{online} {}", names.join(" ")))
        });
    }

    fn told(&self) -> String {
        let frame = self.hub.room(ROOM).and_then(|room| room.presence_after(0));
        frame.map_or_else(String::new, |frame| {
            String::from_utf8_lossy(&frame.bytes).into_owned()
        })
    }
}

/// Lets time pass.
async fn pass(nodes: &mut [&mut Node], time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        advance(TICK).await;
        for node in &mut *nodes {
            node.turn();
        }
    }
}

const SOON: Duration = Duration::from_secs(3);

#[tokio::test(start_paused = true)]
async fn people_are_summed_and_listed_within_bounds() {
    let bus = Bus::new(1);
    let (mut a, mut b) = (Node::new(&bus), Node::new(&bus));
    let mut there = vec![a.enter(1, "Ana"), a.enter(2, "Davi")];
    there.extend([b.enter(3, "Bia"), b.enter(4, "Caio")]);
    pass(&mut [&mut a, &mut b], SOON).await;
    assert_eq!(
        (a.told(), b.told()),
        ("4 Ana Bia Caio".into(), "4 Ana Bia Caio".into())
    );
    // The same person on both nodes, and more people than are named.
    there.push(b.enter(1, "Ana"));
    there.extend((10..15).map(|number| b.enter(number, &format!("Zé {number}"))));
    pass(&mut [&mut a, &mut b], SOON).await;
    assert_eq!(b.told(), "9 Ana Bia Caio");
    assert_eq!(a.hub.online(ROOM), 9);
    drop(there);
}

#[tokio::test(start_paused = true)]
async fn who_becomes_live_is_told_at_once_who_is_elsewhere() {
    let bus = Bus::new(1);
    let (mut a, mut b) = (Node::new(&bus), Node::new(&bus));
    let _ana = a.enter(1, "Ana");
    pass(&mut [&mut a, &mut b], SOON).await;
    let _bia = b.enter(2, "Bia");
    // Not after a heartbeat: after the settling, there and back.
    pass(&mut [&mut a, &mut b], Duration::from_secs(1)).await;
    assert_eq!(b.hub.online(ROOM), 2);
    assert_eq!(a.hub.online(ROOM), 2);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_silent_is_forgotten_and_one_that_is_not_stays() {
    let bus = Bus::new(1);
    let (mut a, mut b) = (Node::new(&bus), Node::new(&bus));
    let _people = (a.enter(1, "Ana"), b.enter(2, "Bia"));
    pass(&mut [&mut a, &mut b], Duration::from_mins(2)).await;
    assert_eq!(b.told(), "2 Ana Bia");
    // A is silent from now on.
    pass(&mut [&mut b], Duration::from_secs(9)).await;
    assert_eq!(b.told(), "2 Ana Bia");
    pass(&mut [&mut b], Duration::from_secs(7)).await;
    assert_eq!(b.told(), "1 Bia");
    pass(&mut [&mut a, &mut b], SOON).await;
    assert_eq!(b.told(), "2 Ana Bia");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_or_has_nobody_left_says_so() {
    let bus = Bus::new(1);
    let (mut a, mut b) = (Node::new(&bus), Node::new(&bus));
    let (ana, _bia) = (a.enter(1, "Ana"), b.enter(2, "Bia"));
    pass(&mut [&mut a, &mut b], SOON).await;
    drop(ana);
    pass(&mut [&mut a, &mut b], SOON).await;
    assert_eq!(b.told(), "1 Bia");
    let _ana = a.enter(1, "Ana");
    pass(&mut [&mut a, &mut b], SOON).await;
    assert_eq!(b.told(), "2 Ana Bia");
    a.hub.tell(Signal::Stopped);
    pass(&mut [&mut b], SOON).await;
    assert_eq!(b.told(), "1 Bia");
}

#[tokio::test(start_paused = true)]
async fn lists_agree_again_whatever_was_lost_or_came_late() {
    for seed in 1..=20 {
        let bus = Bus::new(seed);
        let (mut a, mut b) = (Node::new(&bus), Node::new(&bus));
        bus.fail(Faults {
            lose: 40,
            double: 40,
            reorder: 40,
            delay: 40,
            latest: Duration::from_secs(4),
        });
        let _bia = b.enter(2, "Bia");
        let mut ana = Some(a.enter(1, "Ana"));
        for round in 0..20_u64 {
            pass(
                &mut [&mut a, &mut b],
                Duration::from_millis(700 * (round % 4)),
            )
            .await;
            ana = match ana {
                Some(_) => None,
                None => Some(a.enter(1, "Ana")),
            };
        }
        bus.fail(Faults::default());
        let is_there = ana.is_some();
        pass(&mut [&mut a, &mut b], Duration::from_secs(25)).await;
        let expected = if is_there { "2 Ana Bia" } else { "1 Bia" };
        assert_eq!(b.told(), expected, "seed {seed}");
        assert!(!is_there || a.told() == expected, "seed {seed}");
    }
}
