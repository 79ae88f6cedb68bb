//! Random posts, reads and joins of a few people, two of whose devices are one person's. What the
//! storage says of their read positions and unread messages is compared with a naive count.

use std::collections::HashMap;

use papo_domain::{EventKind, RoomId, Seq, UNREAD_MESSAGES};
use papo_storage::{InboxChange, MembershipState, NewSession, ReadMark, Served};
use proptest::prelude::*;

use crate::inboxes::told;
use crate::world::{Guest, World, account, at, set_room, state, token};

/// The devices. The first two are one person's.
const DEVICES: usize = 4;
const NAMES: [&str; DEVICES] = ["Ana", "Ana", "Bia", "Caio"];
const ROOMS: usize = 2;

#[derive(Debug, Clone)]
enum Step {
    Post(Place),
    Edit(Place, i64),
    Delete(Place, i64),
    Mark(Vec<(Place, Position)>),
    Join(Place),
    Leave(Place),
    /// Opens or closes a room.
    Set(usize, bool),
}

/// A device and a room.
#[derive(Debug, Clone, Copy)]
struct Place {
    device: usize,
    room: usize,
}

#[derive(Debug, Clone, Copy)]
enum Position {
    /// The device knows a version that is so much newer than the stored one.
    Read {
        seq: i64,
        newer: i64,
    },
    Unread {
        seq: i64,
    },
}

struct Model<'a> {
    world: &'a World,
    rooms: Vec<RoomId>,
    devices: Vec<Guest>,
    /// The read position of each person in a room, and its version. Persons have the number of
    /// their last device.
    positions: HashMap<(usize, usize), (i64, i64)>,
    is_active: [bool; ROOMS],
    told: Vec<(papo_domain::PersonId, InboxChange)>,
}

impl Model<'_> {
    async fn new(world: &World) -> Model<'_> {
        let mut rooms = Vec::new();
        for name in ["Uma", "Outra"] {
            rooms.push(world.room(name).await);
        }
        let made = account(NAMES[0], papo_domain::PersonId(7));
        let owner = world.storage.create_account(made).await.unwrap();
        let mut devices = Vec::new();
        for number in [1_001, 1_002] {
            let token = token(number);
            let session = NewSession {
                token,
                at: at(0),
                used: Served(0),
            };
            devices.push(Guest {
                session: world.sign_in(session, &owner).await,
                person: owner.person,
                token,
            });
        }
        devices.push(world.session().await);
        devices.push(world.session().await);
        Model {
            world,
            rooms,
            devices,
            positions: HashMap::new(),
            is_active: [true; ROOMS],
            told: Vec::new(),
        }
    }

    fn key(place: Place) -> (usize, usize) {
        (place.device.max(1), place.room)
    }

    async fn end(&self, room: usize) -> i64 {
        self.world.last_seq(self.rooms[room]).await.0
    }

    /// What must be known of a place.
    async fn expected(&self, place: Place) -> Option<Known> {
        let &(read, version) = self.positions.get(&Self::key(place))?;
        let (room, person) = (self.rooms[place.room], self.devices[place.device].person);
        let events = self.world.events(room).await;
        let unread = events.iter().filter(|event| match &event.kind {
            EventKind::Posted(posted) => {
                event.seq > Seq(read) && posted.sender != person && posted.text.is_some()
            }
            _ => false,
        });
        let unread = u32::try_from(unread.count()).unwrap();
        Some(Known {
            room,
            end: i64::try_from(events.len()).unwrap(),
            read,
            version,
            unread: unread.min(UNREAD_MESSAGES),
        })
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Post(place) => {
                let guest = &self.devices[place.device];
                let post = guest.post(self.rooms[place.room], None, "olá");
                let posted = self.world.append_one(post).await.is_ok();
                let is_there = self.positions.contains_key(&Self::key(place));
                assert_eq!(posted, is_there && self.is_active[place.room]);
            }
            // These change what they may.
            Step::Edit(place, target) => {
                let guest = &self.devices[place.device];
                let edit = guest.edit(self.rooms[place.room], Seq(target), "corrigido");
                let _ = self.world.append_one(edit).await;
            }
            Step::Delete(place, target) => {
                let guest = &self.devices[place.device];
                let delete = guest.delete(self.rooms[place.room], Seq(target));
                let _ = self.world.append_one(delete).await;
            }
            Step::Mark(ref marks) => self.mark(marks).await,
            Step::Join(place) => self.join(place).await,
            Step::Leave(place) => {
                let (guest, room) = (&self.devices[place.device], self.rooms[place.room]);
                let left = self.world.storage.leave(guest.session, Some(room)).await;
                let was_there = self.positions.remove(&Self::key(place)).is_some();
                assert_eq!(left.unwrap().len(), usize::from(was_there));
            }
            Step::Set(room, is_active) => {
                let set = set_room(self.rooms[room], state(["Uma", "Outra"][room], is_active));
                let _ = self.world.append_one(set).await;
                self.is_active[room] = is_active;
            }
        }
    }

    async fn join(&mut self, place: Place) {
        let (guest, room) = (&self.devices[place.device], self.rooms[place.room]);
        let name = crate::world::username(NAMES[place.device]);
        let joined = self.world.storage.join(guest.session, room, name, at(1));
        let joined = joined.await.unwrap().is_ok();
        let key = Self::key(place);
        assert_eq!(joined, self.is_active[place.room]);
        if joined && !self.positions.contains_key(&key) {
            let end = self.end(place.room).await;
            self.positions.insert(key, (end, self.fresh()));
            self.told.push((guest.person, InboxChange::Joined(room)));
        }
    }

    /// The version of a position that is made or moved back now: that of no earlier one.
    fn fresh(&self) -> i64 {
        i64::try_from(self.told.len()).unwrap() + 1
    }

    async fn mark(&mut self, marks: &[(Place, Position)]) {
        let (mut sent, mut told) = (Vec::new(), Vec::new());
        let fresh = self.fresh();
        for (place, position) in marks {
            let (guest, room) = (&self.devices[place.device], self.rooms[place.room]);
            let end = self.end(place.room).await;
            let stored = self.positions.get_mut(&Self::key(*place));
            let (before, old) = stored.as_deref().copied().unwrap_or_default();
            let (mark, after) = match *position {
                Position::Read { seq, newer } => {
                    let version = old + newer;
                    let read = if newer < 0 {
                        before
                    } else {
                        before.max(seq.min(end))
                    };
                    let seq = Seq(seq);
                    (ReadMark::Read { seq, version }, (read, old))
                }
                Position::Unread { seq } => {
                    let after = if seq > end {
                        (before, old)
                    } else {
                        ((seq - 1).max(0), fresh)
                    };
                    (ReadMark::Unread { seq: Seq(seq) }, after)
                }
            };
            sent.push((guest.session, room, mark));
            if let Some(stored) = stored
                && *stored != after
            {
                *stored = after;
                // A position that moves twice in one transaction is told once.
                let entry = (guest.person, InboxChange::Read(room));
                if !told.contains(&entry) {
                    told.push(entry);
                }
            }
        }
        self.told.append(&mut told);
        let states = self.world.storage.mark(sent).await.unwrap();
        assert_eq!(states.len(), marks.len());
        for (state, (place, _)) in states.iter().zip(marks) {
            let expected = self.expected(*place).await;
            assert_eq!(state.as_ref().map(Known::of), expected);
        }
    }

    async fn compare(&self, device: usize) {
        let session = self.devices[device].session;
        let mut expected = Vec::new();
        for room in 0..ROOMS {
            let place = Place { device, room };
            let known = self.expected(place).await;
            let state = self
                .world
                .storage
                .membership_state(session, self.rooms[room]);
            assert_eq!(state.await.unwrap().as_ref().map(Known::of), known);
            expected.extend(known);
        }
        let (_, states) = self.world.storage.membership_states(session).await.unwrap();
        let states: Vec<_> = states.iter().map(Known::of).collect();
        assert_eq!(states, expected);
    }
}

/// What is compared of a membership.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    room: RoomId,
    end: i64,
    read: i64,
    version: i64,
    unread: u32,
}

impl Known {
    fn of(state: &MembershipState) -> Self {
        Self {
            room: state.room,
            end: state.last_seq.0,
            read: state.read.0,
            version: state.version,
            unread: state.unread,
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let place = (0..DEVICES, 0..ROOMS).prop_map(|(device, room)| Place { device, room });
    let seq = -1..20_i64;
    let position = prop_oneof![
        3 => (seq.clone(), -1..2_i64).prop_map(|(seq, newer)| Position::Read { seq, newer }),
        1 => seq.clone().prop_map(|seq| Position::Unread { seq }),
    ];
    let marks = prop::collection::vec((place.clone(), position), 1..4);
    let target = (place.clone(), 1..15_i64);
    let step = prop_oneof![
        8 => place.clone().prop_map(Step::Post),
        1 => target.clone().prop_map(|(place, seq)| Step::Edit(place, seq)),
        2 => target.prop_map(|(place, seq)| Step::Delete(place, seq)),
        5 => marks.prop_map(Step::Mark),
        3 => place.clone().prop_map(Step::Join),
        1 => place.prop_map(Step::Leave),
        1 => (0..ROOMS, prop::bool::weighted(0.7)).prop_map(|(room, active)| Step::Set(room, active)),
    ];
    prop::collection::vec(step, 1..40)
}

async fn run(world: &World, steps: Vec<Step>) {
    let mut model = Model::new(world).await;
    for device in [0, 2, 3] {
        for room in 0..ROOMS {
            model.join(Place { device, room }).await;
        }
    }
    for step in &steps {
        model.step(step).await;
    }
    for device in 0..DEVICES {
        model.compare(device).await;
    }
    assert_eq!(told(world).await, model.told);
    world.is_sound().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_counts_as_a_list_would(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { run(&World::sqlite(), steps).await });
    }
}

proptest! {
    // Each step is a commit there.
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn postgres_counts_as_a_list_would(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { run(&World::postgres().await, steps).await });
    }
}
