//! The writer, the opening of a tail, the poll of the log, and sockets whose tasks wake and rest, in thousands of interleavings of their locks:
//! `cargo test -p papo-channel-layer --features shuttle --test interleavings`.
//!
//! The steps are those of `papo_app::live`, `papo_app::room_log` and the session of `papo_web`, with a number for a database and a
//! vector for a socket. The tests that must panic show that a session which errs is found out.
#![cfg(feature = "shuttle")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use papo_channel_layer::{
    Connection, Follower, Frame, FrameKind, Hub, LiveRoom, Notice, Read, TailLimits, Wants, Wire,
};
use papo_domain::{RoomId, SenderId, Seq, SessionId, Username};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use shuttle::thread;
use tokio::time::Instant;

const ROOM: RoomId = RoomId(1);
const ITERATIONS: usize = 20_000;
const FRAME_BYTES: usize = 3;

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
        bytes: Bytes::from(vec![u8::try_from(seq).unwrap(); FRAME_BYTES]),
    }
}

/// A socket whose other side takes at once all, a part or nothing of what a room writes.
#[derive(Default)]
struct Socket(Mutex<Vec<u8>>);

impl Wire for Socket {
    fn write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize> {
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.to_vec()).collect();
        let taken = match thread_rng().gen_range(0..4) {
            0 => 0,
            1 => bytes.len().min(FRAME_BYTES + 1),
            _ => bytes.len(),
        };
        self.0.lock().unwrap().extend(&bytes[..taken]);
        match taken {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }
}

impl Socket {
    /// The last frame that has arrived. There is no gap, no double and no torn frame before it.
    fn last(&self) -> Seq {
        let written = self.0.lock().unwrap();
        for (index, byte) in written.iter().enumerate() {
            let expected = index / FRAME_BYTES + 1;
            assert_eq!(usize::from(*byte), expected, "not the log");
        }
        Seq((written.len() / FRAME_BYTES).try_into().unwrap())
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

    fn open(&self, room: &Arc<LiveRoom>) {
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

    fn read_missing(&self, room: &Arc<LiveRoom>) {
        let _reading = self.reading.lock().unwrap();
        while room.hear(room.end()) {
            room.append(self.log.after(room.end()));
            deliver(room);
        }
    }

    /// The writer: commits, then tells.
    fn write(&self) {
        let frame = self.log.commit();
        if let Some(room) = self.hub.room(ROOM) {
            let is_lacking = room.append([frame]);
            deliver(&room);
            if is_lacking {
                self.read_missing(&room);
            }
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
}

fn deliver(room: &Arc<LiveRoom>) {
    for delivery in room.deliveries() {
        delivery.run();
    }
}

/// How a session goes about it.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Right,
    /// Heeds notices before it reads, and not after.
    HeedsTooEarly,
    /// Forgets what a room couldn't write.
    DropsLeftovers,
    /// Writes while rooms may.
    NeverHolds,
}

/// A socket's session.
struct Session {
    world: Arc<World>,
    connection: Arc<Connection>,
    follower: Follower,
    socket: Arc<Socket>,
    outgoing: Vec<Bytes>,
    has_left: bool,
    manner: Manner,
}

impl Session {
    fn start(world: &Arc<World>, id: i64, manner: Manner) -> Self {
        let connection = Arc::new(Connection::new(SessionId(id), SenderId(7), None));
        world.hub.connect(&connection);
        let socket = Arc::new(Socket::default());
        connection.open(Arc::clone(&socket) as Arc<dyn Wire>);
        let name = Username::parse("Ana").unwrap();
        let (wants, now) = (Wants::Everything, Instant::now());
        let follower = world.hub.follow(ROOM, &connection, name, wants, now);
        world.open(&follower.room);
        follower.set_cursor(Seq(0));
        Self {
            world: Arc::clone(world),
            connection,
            follower,
            socket,
            outgoing: Vec::new(),
            has_left: false,
            manner,
        }
    }

    /// Writes all that is new.
    fn turn(&mut self) {
        let mut is_more = true;
        while is_more {
            if self.manner == Manner::HeedsTooEarly {
                self.heed();
            }
            let cursor = self.follower.cursor();
            let mut frames = Vec::new();
            let room = &self.follower.room;
            let read = room.read(cursor, 2 * FRAME_BYTES, &mut frames);
            if read == Read::Behind {
                frames.extend(self.world.log.after(cursor));
            }
            if self.manner != Manner::HeedsTooEarly {
                self.heed();
            }
            if self.has_left {
                return;
            }
            if let Some(last) = frames.last() {
                self.follower.set_cursor(last.seq);
            }
            let frames = frames.into_iter().map(|frame| frame.bytes);
            for frame in self.outgoing.drain(..).chain(frames) {
                self.socket.0.lock().unwrap().extend(frame);
            }
            is_more = read != Read::End;
        }
    }

    fn heed(&mut self) {
        self.has_left |= !self.connection.take_notices().is_empty();
    }

    fn wake_up(&mut self) {
        let left = match self.manner {
            Manner::NeverHolds => self.connection.take_answers(),
            _ => self.connection.hold(),
        };
        if self.manner != Manner::DropsLeftovers {
            self.outgoing.extend(left);
        }
    }

    /// Works and rests, at the end for good: until it is woken.
    fn run(&mut self) {
        let mut impatience = 2;
        loop {
            self.turn();
            if self.has_left {
                return;
            }
            if self.connection.rest() {
                thread::yield_now();
                let is_woken = self.is_woken();
                if !is_woken && impatience == 0 {
                    return;
                }
                impatience -= i32::from(!is_woken);
            }
            self.wake_up();
        }
    }

    /// Whether the task would be woken now; takes the waking.
    fn is_woken(&self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(self.connection.woken())
            .as_mut()
            .poll(&mut context)
            .is_ready()
    }
}

fn everything_arrives(manner: Manner) {
    let world = World::new();
    world.log.commit();
    let writing = Arc::clone(&world);
    let writer = thread::spawn(move || (0..3).for_each(|_| writing.write()));
    let elsewhere = Arc::clone(&world);
    let other = thread::spawn(move || {
        elsewhere.log.commit();
        elsewhere.poll();
    });
    let sessions: Vec<_> = (1..=2)
        .map(|id| {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let mut session = Session::start(&world, id, manner);
                session.run();
                session
            })
        })
        .collect();
    writer.join().unwrap();
    other.join().unwrap();
    for session in sessions {
        let mut session = session.join().unwrap();
        // What others committed is found by the next poll at the latest.
        world.poll();
        if session.socket.last() < world.log.end() {
            // Which of the two is found first when something is wrong is chance.
            let found = "what it has is not the log, and it sleeps beside what is unread";
            assert!(session.is_woken(), "{found}");
            session.wake_up();
            session.turn();
        }
        assert_eq!(session.socket.last(), world.log.end(), "not the log");
    }
}

fn nothing_arrives_after_a_right_ended(manner: Manner) {
    let world = World::new();
    let mut session = Session::start(&world, 1, manner);
    let ending = Arc::clone(&world);
    let leaver = thread::spawn(move || {
        ending.write();
        ending.hub.notice(SessionId(1), &Notice::Left(ROOM));
        // Nothing from here on may reach the session.
        ending.write();
    });
    session.run();
    leaver.join().unwrap();
    while session.is_woken() && !session.has_left {
        session.wake_up();
        session.turn();
    }
    assert!(session.has_left, "it doesn't know that it has left");
    assert!(
        session.socket.last() <= Seq(1),
        "it got what it may not have"
    );
}

#[test]
fn a_socket_gets_the_whole_log_and_its_task_never_sleeps_beside_something_unread() {
    shuttle::check_random(|| everything_arrives(Manner::Right), ITERATIONS);
}

#[test]
#[should_panic(expected = "not the log")]
fn a_session_that_writes_while_rooms_may_is_found_out() {
    shuttle::check_random(|| everything_arrives(Manner::NeverHolds), ITERATIONS);
}

#[test]
#[should_panic(expected = "not the log")]
fn a_session_that_drops_what_a_room_left_is_found_out() {
    shuttle::check_random(|| everything_arrives(Manner::DropsLeftovers), ITERATIONS);
}

#[test]
fn what_is_appended_after_a_right_ended_is_never_written() {
    let scenario = || nothing_arrives_after_a_right_ended(Manner::Right);
    shuttle::check_random(scenario, ITERATIONS);
}

#[test]
#[should_panic(expected = "it got what it may not have")]
fn a_session_that_heeds_notices_too_early_is_found_out() {
    let scenario = || nothing_arrives_after_a_right_ended(Manner::HeedsTooEarly);
    shuttle::check_random(scenario, ITERATIONS);
}

#[test]
fn rooms_that_come_and_go_leave_nothing_behind() {
    let scenario = || {
        let world = World::new();
        let threads: Vec<_> = (1..=2)
            .map(|id| {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    let mut session = Session::start(&world, id, Manner::Right);
                    world.write();
                    session.turn();
                    assert!(session.socket.last() >= Seq(1));
                    let Session {
                        connection,
                        follower,
                        ..
                    } = session;
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
