//! Two nodes on one database, with and without NATS.

use std::time::{Duration, Instant};

use papo_protocol::{ClientFrame, ServerFrame};
use papo_testing::postgres::Schema;
use papo_testing::{Guest, Server};

use super::papo;
use super::room_list::many;

/// The URL of NATS: `PAPO_TEST_NATS_URL`, otherwise the standard port.
fn nats() -> String {
    std::env::var("PAPO_TEST_NATS_URL").unwrap_or_else(|_| "nats://127.0.0.1:4222".into())
}

/// Two nodes of an instance.
struct Nodes {
    first: Server,
    second: Server,
    _schema: Schema,
}

impl Nodes {
    fn start(nats: Option<&str>) -> Self {
        let schema = Schema::new();
        let start = || {
            let node = papo().env("PAPO_DATABASE_URL", schema.url());
            let node = match nats {
                Some(nats) => node.env("PAPO_NATS_URL", nats),
                None => node,
            };
            node.start().unwrap()
        };
        Self {
            first: start(),
            second: start(),
            _schema: schema,
        }
    }

    /// The same person, at the second node.
    fn at_second(&self, guest: &Guest) -> Guest {
        let mut there = Guest::new(&self.second);
        there.cookie.clone_from(&guest.cookie);
        there
    }

    /// Each posts on one node and is heard on the other, in time. A resume works across nodes.
    fn talk(&self, in_time: Duration) {
        let ana = Guest::joined(&self.first, 1, "Ana").unwrap();
        let bia = Guest::joined(&self.second, 1, "Bia").unwrap();
        let (mut here, mut there) = (ana.socket(1).unwrap(), bia.socket(1).unwrap());
        for socket in [&mut here, &mut there] {
            socket.subscribe(1, None).unwrap();
            let is_snapshot = |frame: &ServerFrame| matches!(frame, ServerFrame::Snapshot { .. });
            socket.receive_where(is_snapshot).unwrap();
        }
        let mut late = Duration::ZERO;
        for number in 1..=5 {
            for is_first in [true, false] {
                let text = format!("{number} {is_first}");
                let (from, to) = if is_first {
                    (&mut here, &mut there)
                } else {
                    (&mut there, &mut here)
                };
                let reference = from.post(1, &text).unwrap();
                let seq = from.wait_for_ack(reference).unwrap();
                let posted = Instant::now();
                let is_it = |frame: &ServerFrame| {
                    matches!(frame, ServerFrame::Message { seq: s, message, .. }
                        if *s == seq && *message == text)
                };
                to.receive_where(is_it).unwrap();
                late = late.max(posted.elapsed());
            }
        }
        assert!(late <= in_time, "{late:?}");
        // A client of one node goes on at the other, without signing in again.
        let mut moved = self.at_second(&ana).socket(1).unwrap();
        let epoch = loop {
            if let ServerFrame::Welcome { epoch, .. } = moved.receive_any().unwrap() {
                break epoch;
            }
        };
        moved.subscribe(1, Some((&epoch, 4))).unwrap();
        for expected in 5..=10 {
            let is_message = |frame: &ServerFrame| matches!(frame, ServerFrame::Message { .. });
            let ServerFrame::Message { seq, .. } = moved.receive_where(is_message).unwrap() else {
                unreachable!()
            };
            assert_eq!(seq, expected);
        }
    }

    /// A person at one node learns of what is posted and read at the other, in time.
    fn tell(&self, in_time: Duration) {
        let duda = Guest::joined(&self.first, 2, "Duda").unwrap();
        let eva = Guest::joined(&self.second, 2, "Eva").unwrap();
        let (mut here, rooms) = many(&duda);
        let (mut there, _) = many(&self.at_second(&duda));
        assert_eq!(rooms[0].unread, 0);
        let mut writer = eva.socket(2).unwrap();
        writer.subscribe(2, None).unwrap();
        let reference = writer.post(2, "oi").unwrap();
        let end = writer.wait_for_ack(reference).unwrap();
        let posted = Instant::now();
        for socket in [&mut here, &mut there] {
            let is_head =
                |frame: &ServerFrame| matches!(frame, ServerFrame::Head { seq, .. } if *seq == end);
            socket.receive_where(is_head).unwrap();
        }
        assert!(posted.elapsed() <= in_time, "{:?}", posted.elapsed());
        let r#ref = Some(here.reference());
        let (room, version) = (Some(2), rooms[0].version);
        here.send(&ClientFrame::Read {
            r#ref,
            room,
            seq: end,
            version,
        })
        .unwrap();
        let marked = Instant::now();
        let is_read = |frame: &ServerFrame| match frame {
            ServerFrame::Membership { membership, .. } => membership.read == end,
            _ => false,
        };
        there.receive_where(is_read).unwrap();
        assert!(marked.elapsed() <= in_time, "{:?}", marked.elapsed());
        self.at_second(&duda).leave(2).unwrap();
        let left = Instant::now();
        for socket in [&mut here, &mut there] {
            socket
                .receive_where(|frame| *frame == ServerFrame::Left { room: 2 })
                .unwrap();
        }
        assert!(left.elapsed() <= Duration::from_secs(1));
    }

    /// A person who leaves at one node is cut off at the other within a second.
    fn leave(&self) {
        let mut caio = Guest::joined(&self.first, 1, "Caio").unwrap();
        let mut socket = self.at_second(&caio).socket(1).unwrap();
        socket.subscribe(1, None).unwrap();
        let is_snapshot = |frame: &ServerFrame| matches!(frame, ServerFrame::Snapshot { .. });
        socket.receive_where(is_snapshot).unwrap();
        caio.leave(1).unwrap();
        let left = Instant::now();
        let closed = socket.wait_for_close().unwrap();
        assert_eq!(closed.code, 4001);
        assert!(
            left.elapsed() <= Duration::from_secs(1),
            "{:?}",
            left.elapsed()
        );
    }
}

/// The epoch that a new client gets.
fn epoch(node: &Server, name: &str) -> String {
    let ana = Guest::joined(node, 1, name).unwrap();
    let mut socket = ana.socket(1).unwrap();
    loop {
        if let ServerFrame::Welcome { epoch, .. } = socket.receive_any().unwrap() {
            return epoch;
        }
    }
}

#[test]
fn when_its_database_is_another_a_node_ends_and_begins_again() {
    let schema = Schema::new();
    let mut node = papo()
        .env("PAPO_DATABASE_URL", schema.url())
        .start()
        .unwrap();
    let before = epoch(&node, "Ana");
    // As after a restored backup or a takeover by a replica: the home differs, and all connections
    // end. Nobody writes.
    schema.run(
        "CREATE TABLE copy (LIKE papo INCLUDING ALL); INSERT INTO copy SELECT * FROM papo; \
         DROP TABLE papo; ALTER TABLE copy RENAME TO papo; \
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name LIKE current_schema() || ' %'",
    );
    assert!(!node.wait().unwrap().success());
    node.restart().unwrap();
    assert_ne!(epoch(&node, "Bia"), before);
}

#[test]
fn joined_by_nats_they_are_one_chat() {
    let nodes = Nodes::start(Some(&nats()));
    nodes.talk(Duration::from_secs(2));
    nodes.tell(Duration::from_secs(2));
    nodes.leave();
}

#[test]
fn without_nats_they_are_late_and_nothing_else() {
    let nodes = Nodes::start(None);
    nodes.talk(Duration::from_secs(2));
    nodes.tell(Duration::from_secs(3));
    nodes.leave();
}

#[test]
fn with_nats_away_they_are_late_and_nothing_else() {
    // Nobody listens on this port.
    let nodes = Nodes::start(Some("nats://127.0.0.1:9"));
    nodes.talk(Duration::from_secs(2));
    nodes.tell(Duration::from_secs(3));
    nodes.leave();
}
