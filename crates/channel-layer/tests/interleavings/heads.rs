//! Commits, heads and a socket that watches, in thousands of interleavings.
//!
//! The steps are those of `papo_app::heads`, `papo_app::room_log` and the session of `papo_web`. A
//! head is written as two bytes, the seqs between which it lies.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use papo_channel_layer::{Connection, Head, Hub, Move, Notice, Wire};
use papo_domain::{PersonId, Seq, SessionId};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use shuttle::thread;
use tokio::time::Instant;

use super::{ITERATIONS, ROOM, check_both_ways};

const PERSON: PersonId = PersonId(7);

/// A socket that takes all or nothing of what others write.
#[derive(Default)]
struct Socket(Mutex<Vec<u8>>);

impl Wire for Socket {
    fn write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize> {
        if thread_rng().gen_range(0..3) == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.to_vec()).collect();
        self.0.lock().unwrap().extend(&bytes);
        Ok(bytes.len())
    }
}

/// The behaviour of a session.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Right,
    /// Reads the log's end before it watches.
    WatchesTooLate,
}

struct World {
    hub: Arc<Hub>,
    /// The log's length.
    log: Mutex<i64>,
    started: Instant,
    /// Seconds since then.
    passed: Mutex<u64>,
}

struct Session {
    world: Arc<World>,
    connection: Arc<Connection>,
    socket: Arc<Socket>,
    /// The end of the log that it read.
    from: i64,
    has_left: bool,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            hub: Arc::default(),
            log: Mutex::new(1),
            started: Instant::now(),
            passed: Mutex::default(),
        })
    }

    fn end(&self) -> i64 {
        *self.log.lock().unwrap()
    }

    /// Stores an event, then notes it.
    fn commit(&self) {
        let seq = {
            let mut log = self.log.lock().unwrap();
            *log += 1;
            *log
        };
        if self.hub.wants_moves() {
            let posted = Move::Posted(PersonId(8));
            self.hub.note_moves(ROOM, vec![(Seq(seq), posted)]);
        }
    }

    /// Makes heads, as if a second had passed since the last time.
    fn tick(&self) {
        let passed = {
            let mut passed = self.passed.lock().unwrap();
            *passed += 1;
            *passed
        };
        let now = self.started + Duration::from_secs(passed);
        let byte = |seq: Seq| u8::try_from(seq.0).unwrap();
        let encode = |head: &Head| Bytes::from(vec![byte(head.after), byte(head.seq)]);
        for connection in self.hub.make_heads(now, 16, encode) {
            connection.write_heads();
        }
    }
}

impl Session {
    fn start(world: &Arc<World>, manner: Manner) -> Self {
        let connection = Arc::new(Connection::new(SessionId(1), PERSON, None));
        world.hub.connect(&connection);
        let socket = Arc::new(Socket::default());
        connection.open(Arc::clone(&socket) as Arc<dyn Wire>);
        let from = if manner == Manner::WatchesTooLate {
            let end = world.end();
            world.hub.watch(&connection, &[ROOM]);
            end
        } else {
            world.hub.watch(&connection, &[ROOM]);
            world.end()
        };
        world.hub.begin_heads(ROOM, Seq(from));
        Self {
            world: Arc::clone(world),
            connection,
            socket,
            from,
            has_left: false,
        }
    }

    /// Works until it may rest.
    fn run(&mut self) {
        while !self.has_left {
            for left in self.connection.hold() {
                self.socket.0.lock().unwrap().extend(left);
            }
            self.heed();
            if let Some(heads) = self.connection.take_heads() {
                for head in heads.frames {
                    self.socket.0.lock().unwrap().extend(head);
                }
            }
            if self.connection.rest() {
                return;
            }
        }
    }

    fn heed(&mut self) {
        if self.connection.take_notices().is_empty() {
            return;
        }
        self.world.hub.unwatch(&self.connection, ROOM);
        self.has_left = true;
    }

    /// The end of the log that the client knows.
    fn told(&self) -> i64 {
        let written = self.socket.0.lock().unwrap();
        let mut told = self.from;
        for head in written.chunks(2) {
            let (after, seq) = (i64::from(head[0]), i64::from(head[1]));
            // It counts again if a head doesn't begin at its end.
            assert!(after < seq, "not a step");
            told = told.max(seq);
        }
        told
    }
}

fn every_event_is_told(manner: Manner) {
    let world = World::new();
    let writing = Arc::clone(&world);
    let writer = thread::spawn(move || (0..2).for_each(|_| writing.commit()));
    let ticking = Arc::clone(&world);
    let ticker = thread::spawn(move || (0..2).for_each(|_| ticking.tick()));
    let mut session = Session::start(&world, manner);
    session.run();
    thread::yield_now();
    session.run();
    writer.join().unwrap();
    ticker.join().unwrap();
    // Two looks find what is missing, if anybody knows of it.
    world.tick();
    world.tick();
    session.run();
    assert_eq!(session.told(), world.end(), "not all");
    world.hub.disconnect(&session.connection);
    assert!(world.hub.watched_rooms().is_empty());
}

fn nothing_is_told_after_a_right_ended() {
    let world = World::new();
    let mut session = Session::start(&world, Manner::Right);
    let ending = Arc::clone(&world);
    let leaver = thread::spawn(move || {
        ending.commit();
        ending.tick();
        ending.hub.notice(PERSON, &Notice::Changed(ROOM));
        // Nothing from here on may reach the session.
        ending.commit();
        ending.tick();
    });
    session.run();
    thread::yield_now();
    session.run();
    leaver.join().unwrap();
    session.run();
    assert!(session.has_left);
    world.tick();
    assert!(session.told() <= 2, "it got what it may not have");
}

#[test]
fn every_event_is_told_to_who_watches() {
    check_both_ways(|| every_event_is_told(Manner::Right));
}

#[test]
#[should_panic(expected = "not all")]
fn a_session_that_watches_too_late_is_found_out() {
    let scenario = || every_event_is_told(Manner::WatchesTooLate);
    shuttle::check_random(scenario, ITERATIONS);
}

#[test]
fn no_head_comes_after_a_right_ended() {
    check_both_ways(nothing_is_told_after_a_right_ended);
}
