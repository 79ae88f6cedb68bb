//! The writer, the opening of a tail, the poll of the log, and sockets whose tasks wake and rest,
//! in thousands of interleavings of their locks:
//! `cargo test -p papo-channel-layer --features shuttle --test interleavings`.
//!
//! The steps are those of `papo_app::live`, `papo_app::room_log` and the session of `papo_web`. A
//! number stands for the database and a vector for a socket. A tail that lacks something is read at
//! once or by the poll; `papo_app::live` waits a moment. The tests that must panic show that a
//! wrong session is detected.
#![cfg(feature = "shuttle")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod heads;

use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use papo_channel_layer::{
    Connection, Follower, Frame, Hub, LiveRoom, Notice, Read, Request, TailLimits, Wants, Wire,
};
use papo_domain::{EventClass, PersonId, RoomId, Seq, SessionId, Username};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use shuttle::thread;
use tokio::time::Instant;

const ROOM: RoomId = RoomId(1);
const ITERATIONS: usize = 20_000;
const FRAME_BYTES: usize = 3;
/// An answer is this byte.
const ANSWER: u8 = 0;

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
        class: EventClass::Message,
        changes: None,
        bytes: Bytes::from(vec![u8::try_from(seq).unwrap(); FRAME_BYTES]),
    }
}

/// A socket whose client takes at once all, a part or nothing of what a room writes.
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
    /// The last frame that arrived, and the number of answers between frames. Asserts that no frame
    /// before it is missing, doubled or torn.
    fn read(&self) -> (Seq, usize) {
        let written = self.0.lock().unwrap();
        let (mut last, mut answers) = (0, 0);
        let mut rest = &written[..];
        while let Some(&first) = rest.first() {
            if first == ANSWER {
                answers += 1;
                rest = &rest[1..];
                continue;
            }
            let end = rest.len().min(FRAME_BYTES);
            assert!(
                rest[..end].iter().all(|byte| *byte == last + 1),
                "not the log"
            );
            last += u8::from(end == FRAME_BYTES);
            rest = &rest[end..];
        }
        (Seq(last.into()), answers)
    }

    fn last(&self) -> Seq {
        self.read().0
    }
}

/// The state that all threads share.
struct World {
    hub: Arc<Hub>,
    log: Log,
    /// One thread at a time reads the log for a tail.
    reading: Mutex<()>,
    /// Requests that are answered with the next event.
    requests: Mutex<Vec<Request>>,
    /// Deliveries on threads of their own.
    deliveries: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl World {
    /// A world with tails so short that cursors fall behind them.
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
            requests: Mutex::default(),
            deliveries: Mutex::default(),
        })
    }

    /// Delivers what was appended to the followers, here or on another thread.
    fn deliver(&self, room: &Arc<LiveRoom>) {
        for mut delivery in room.deliveries() {
            if thread_rng().gen_range(0..2) == 0 {
                while delivery.round().is_some() {}
            } else {
                let run = move || while delivery.round().is_some() {};
                self.deliveries.lock().unwrap().push(thread::spawn(run));
            }
        }
    }

    fn finish(&self) {
        let deliveries = std::mem::take(&mut *self.deliveries.lock().unwrap());
        for delivery in deliveries {
            delivery.join().unwrap();
        }
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
            self.deliver(room);
        }
    }

    /// The writer: it commits, then signals.
    fn write(&self) {
        let frame = self.log.commit();
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        for request in &requests {
            request.connection.answer(Bytes::from_static(&[ANSWER]));
        }
        if let Some(room) = self.hub.room(ROOM) {
            let is_lacking = room.append([frame]);
            self.deliver(&room);
            if is_lacking {
                self.read_missing(&room);
            }
        }
        for request in requests {
            request.finish();
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

/// The behaviour of a session.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Right,
    /// Handles notices before it reads, and not after.
    HeedsTooEarly,
    /// Forgets what a room couldn't write.
    DropsLeftovers,
    /// Writes while rooms may.
    NeverHolds,
    /// Forgets the rooms that called while it read.
    ForgetsCalls,
}

/// A socket's session.
struct Session {
    world: Arc<World>,
    connection: Arc<Connection>,
    follower: Follower,
    socket: Arc<Socket>,
    outgoing: Vec<Bytes>,
    /// Whether the room has called since it was read to its end.
    is_due: bool,
    has_left: bool,
    manner: Manner,
}

impl Session {
    fn start(world: &Arc<World>, id: i64, manner: Manner) -> Self {
        let connection = Arc::new(Connection::new(SessionId(id), PersonId(7), None));
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
            is_due: true,
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
            self.is_due |= self
                .connection
                .take_rooms()
                .into_iter()
                .any(|room| room == ROOM);
            let (mut frames, mut read) = (Vec::new(), Read::End);
            if self.is_due {
                let cursor = self.follower.cursor();
                let room = &self.follower.room;
                read = room.read(cursor, 2 * FRAME_BYTES, &mut frames);
                if read == Read::Behind {
                    frames.extend(self.world.log.after(cursor));
                }
            }
            if self.manner == Manner::ForgetsCalls {
                self.connection.take_rooms();
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
            self.is_due = read != Read::End;
            is_more = self.is_due;
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

    /// Works and rests until it is woken, at the end for good.
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

    /// Works as long as it is woken, now that nothing else happens. Then it must have the whole log
    /// and this many answers.
    fn settle(&mut self, answers: usize) {
        while self.is_woken() {
            self.wake_up();
            self.run();
        }
        let (last, answered) = self.socket.read();
        assert_eq!(answered, answers, "not the answer");
        assert_eq!(last, self.world.log.end(), "not the log");
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
        let frame = elsewhere.log.commit();
        if let Some(room) = elsewhere.hub.room(ROOM) {
            // It may come before its predecessors.
            room.offer([frame]);
            elsewhere.deliver(&room);
        }
        elsewhere.poll();
    });
    let sessions: Vec<_> = (1..=2)
        .map(|id| {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let mut session = Session::start(&world, id, manner);
                let request = session.connection.request();
                world.requests.lock().unwrap().push(request);
                session.run();
                session
            })
        })
        .collect();
    writer.join().unwrap();
    other.join().unwrap();
    let mut sessions: Vec<_> = sessions
        .into_iter()
        .map(|session| session.join().unwrap())
        .collect();
    // The next poll at the latest finds what others committed. One more event would make everybody
    // look again, and hide a task that sleeps beside something unread.
    world.poll();
    world.finish();
    for session in &mut sessions {
        session.settle(1 - session.connection.requests());
    }
    // The next event answers the last request.
    world.write();
    world.finish();
    for session in &mut sessions {
        assert_eq!(session.connection.requests(), 0);
        session.settle(1);
    }
}

fn nothing_arrives_after_a_right_ended(manner: Manner) {
    let world = World::new();
    let mut session = Session::start(&world, 1, manner);
    let ending = Arc::clone(&world);
    let leaver = thread::spawn(move || {
        ending.write();
        ending.hub.notice(PersonId(7), &Notice::Changed(ROOM));
        // Nothing from here on may reach the session.
        ending.write();
    });
    session.run();
    leaver.join().unwrap();
    world.finish();
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
    check_both_ways(|| everything_arrives(Manner::Right));
}

#[test]
#[should_panic(expected = "not the ")]
fn a_session_that_writes_while_rooms_may_is_found_out() {
    shuttle::check_random(|| everything_arrives(Manner::NeverHolds), ITERATIONS);
}

#[test]
#[should_panic(expected = "not the ")]
fn a_session_that_drops_what_a_room_left_is_found_out() {
    shuttle::check_random(|| everything_arrives(Manner::DropsLeftovers), ITERATIONS);
}

#[test]
#[should_panic(expected = "not the log")]
fn a_session_that_forgets_which_rooms_called_is_found_out() {
    shuttle::check_random(|| everything_arrives(Manner::ForgetsCalls), ITERATIONS);
}

#[test]
fn what_is_appended_after_a_right_ended_is_never_written() {
    check_both_ways(|| nothing_arrives_after_a_right_ended(Manner::Right));
}

#[test]
#[should_panic(expected = "it got what it may not have")]
fn a_session_that_heeds_notices_too_early_is_found_out() {
    let scenario = || nothing_arrives_after_a_right_ended(Manner::HeedsTooEarly);
    shuttle::check_random(scenario, ITERATIONS);
}

/// A socket of many rooms leaves this one and goes on.
#[test]
fn nothing_is_written_to_who_has_unfollowed() {
    let scenario = || {
        let world = World::new();
        let mut session = Session::start(&world, 1, Manner::Right);
        let _other = Session::start(&world, 2, Manner::Right);
        let ending = Arc::clone(&world);
        let leaver = thread::spawn(move || {
            ending.write();
            ending.hub.notice(PersonId(7), &Notice::Changed(ROOM));
            ending.write();
        });
        session.run();
        let has_left = session.has_left;
        let Session {
            connection,
            follower,
            socket,
            ..
        } = session;
        if has_left {
            drop(follower);
            connection.take_rooms();
            connection.rest();
        }
        leaver.join().unwrap();
        world.finish();
        assert!(socket.last() <= Seq(1) || !has_left);
    };
    check_both_ways(scenario);
}

#[test]
fn following_again_doubles_nothing() {
    let scenario = || {
        let world = World::new();
        let mut session = Session::start(&world, 1, Manner::Right);
        let writing = Arc::clone(&world);
        let writer = thread::spawn(move || writing.write());
        session.turn();
        let name = Username::parse("Ana").unwrap();
        let (wants, now) = (Wants::Everything, Instant::now());
        let connection = &session.connection;
        let again = world.hub.follow(ROOM, connection, name, wants, now);
        again.set_cursor(session.follower.cursor());
        session.follower = again;
        session.run();
        writer.join().unwrap();
        world.finish();
        session.socket.last();
    };
    check_both_ways(scenario);
}

/// Both at random, and with few changes of thread at places of all kinds, which finds what random
/// ones rarely meet.
fn check_both_ways(scenario: impl Fn() + Copy + Send + Sync + 'static) {
    shuttle::check_random(scenario, ITERATIONS);
    shuttle::check_pct(scenario, ITERATIONS, 3);
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
                    world.finish();
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
