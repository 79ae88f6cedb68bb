//! The writer, the opening of a tail, the poll of the log and the cursors, in thousands of interleavings of their locks:
//! `cargo test -p papo-channel-layer --features shuttle --test interleavings`.
//!
//! The steps are those of `papo_app::live` and `papo_app::room_log`, with a number for a database.
#![cfg(feature = "shuttle")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use papo_channel_layer::{
    Connection, Follower, Frame, FrameKind, Hub, LiveRoom, Notice, Read, TailLimits,
};
use papo_domain::{RoomId, SenderId, Seq, SessionId, Username};
use shuttle::sync::Mutex;
use shuttle::thread;
use tokio::time::Instant;

const ROOM: RoomId = RoomId(1);
const ITERATIONS: usize = 20_000;

/// The log on disk: its length, as the events are 1, 2, 3…
#[derive(Default)]
struct Log(Mutex<i64>);

impl Log {
    fn end(&self) -> Seq {
        Seq(*self.0.lock().unwrap())
    }

    fn commit(&self) -> Frame {
        let mut end = self.0.lock().unwrap();
        *end += 1;
        frame(*end)
    }

    fn after(&self, cursor: Seq) -> Vec<Frame> {
        (cursor.0 + 1..=self.end().0).map(frame).collect()
    }
}

fn frame(seq: i64) -> Frame {
    Frame {
        seq: Seq(seq),
        kind: FrameKind::Message,
        bytes: Bytes::from_static(b"frame"),
    }
}

/// What all threads share.
struct World {
    hub: Arc<Hub>,
    log: Log,
    /// One reads the log for a tail at a time.
    reading: Mutex<()>,
}

impl World {
    /// With tails so short that cursors fall behind them.
    fn new() -> Arc<Self> {
        let limits = TailLimits {
            room_frames: 2,
            room_bytes: 1_000,
            all_bytes: 10_000,
        };
        Arc::new(Self {
            hub: Arc::new(Hub::new(limits)),
            log: Log::default(),
            reading: Mutex::default(),
        })
    }

    fn follow(&self, session: i64) -> (Arc<Connection>, Follower) {
        let connection = Arc::new(Connection::new(SessionId(session), SenderId(7), None));
        self.hub.connect(&connection);
        let name = Username::parse("Ana").unwrap();
        let follower = self.hub.follow(ROOM, &connection, name, Instant::now());
        (connection, follower)
    }

    fn open(&self, room: &LiveRoom) {
        let is_lacking = {
            let _reading = self.reading.lock().unwrap();
            if room.is_open() {
                return;
            }
            let end = self.log.end();
            let first = Seq((end.0 - 1).max(0));
            let mut frames = self.log.after(first);
            frames.retain(|frame| frame.seq <= end);
            room.open(end, frames);
            room.hear(end)
        };
        if is_lacking {
            self.read_missing(room);
        }
    }

    fn read_missing(&self, room: &LiveRoom) {
        let _reading = self.reading.lock().unwrap();
        while room.hear(room.end()) {
            room.append(self.log.after(room.end()));
        }
    }

    /// The writer: commits, then tells.
    fn write(&self) {
        let frame = self.log.commit();
        if let Some(room) = self.hub.append(ROOM, [frame]) {
            self.read_missing(&room);
        }
    }

    /// The poll, for what others commit.
    fn poll(&self) {
        if let Some(room) = self.hub.room(ROOM)
            && room.is_open()
            && room.hear(self.log.end())
        {
            self.read_missing(&room);
        }
    }

    /// Takes all frames after a cursor, as a socket does, and moves it. Whether there were any.
    fn read(&self, room: &LiveRoom, cursor: &mut Seq) -> bool {
        let before = *cursor;
        loop {
            let mut out = Vec::new();
            let read = room.read(*cursor, 8, &mut out);
            if read == Read::Behind {
                out.extend(self.log.after(*cursor));
            }
            for frame in &out {
                assert_eq!(frame.seq, cursor.next(), "a gap or a double");
                *cursor = frame.seq;
            }
            if read == Read::End {
                return *cursor > before;
            }
        }
    }
}

/// Whether the connection's task would be woken now; takes the waking.
fn is_woken(connection: &Connection) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    pin!(connection.woken())
        .as_mut()
        .poll(&mut context)
        .is_ready()
}

#[test]
fn a_cursor_sees_the_whole_log_and_never_sleeps_beside_something_unread() {
    let scenario = || {
        let world = World::new();
        world.log.commit();
        let writing = Arc::clone(&world);
        let writer = thread::spawn(move || (0..4).for_each(|_| writing.write()));
        let elsewhere = Arc::clone(&world);
        let other = thread::spawn(move || {
            elsewhere.log.commit();
            elsewhere.poll();
        });
        let readers: Vec<_> = (1..=2)
            .map(|session| {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    let (connection, follower) = world.follow(session);
                    world.open(&follower.room);
                    let mut cursor = Seq(0);
                    for _ in 0..3 {
                        // Woken, or too impatient to sleep; then it looks.
                        is_woken(&connection);
                        world.read(&follower.room, &mut cursor);
                        thread::yield_now();
                    }
                    (connection, follower, cursor)
                })
            })
            .collect();
        writer.join().unwrap();
        other.join().unwrap();
        for reader in readers {
            let (connection, follower, mut cursor) = reader.join().unwrap();
            // What others committed is found by the next poll at the latest.
            world.poll();
            let is_awake = is_woken(&connection);
            let was_unread = world.read(&follower.room, &mut cursor);
            assert!(is_awake || !was_unread, "it sleeps beside something unread");
            assert_eq!(cursor, world.log.end());
        }
    };
    shuttle::check_random(scenario, ITERATIONS);
}

#[test]
fn what_is_appended_after_a_right_ended_is_seen_with_its_end() {
    let scenario = || {
        let world = World::new();
        let (connection, follower) = world.follow(1);
        world.open(&follower.room);
        let ending = Arc::clone(&world);
        let leaver = thread::spawn(move || {
            ending.write();
            ending.hub.notice(SessionId(1), &Notice::Left(ROOM));
            // Nothing from here on may reach the session.
            ending.write();
        });
        let (mut cursor, mut has_left) = (Seq(0), false);
        for _ in 0..4 {
            world.read(&follower.room, &mut cursor);
            has_left |= !connection.take_notices().is_empty();
            assert!(has_left || cursor < Seq(2));
            thread::yield_now();
        }
        leaver.join().unwrap();
    };
    shuttle::check_random(scenario, ITERATIONS);
}

#[test]
fn rooms_that_come_and_go_leave_nothing_behind() {
    let scenario = || {
        let world = World::new();
        let threads: Vec<_> = (1..=2)
            .map(|session| {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    let (connection, follower) = world.follow(session);
                    world.open(&follower.room);
                    world.write();
                    let mut cursor = Seq(0);
                    world.read(&follower.room, &mut cursor);
                    assert!(cursor >= Seq(1));
                    drop(follower);
                    world.hub.disconnect(&connection);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(world.hub.room(ROOM).is_none());
        let left = (world.hub.tail_bytes(), world.hub.connection_count());
        assert_eq!(left, (0, 0));
    };
    shuttle::check_random(scenario, ITERATIONS);
}
