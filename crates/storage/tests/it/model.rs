//! Random changes, compared with a model of plain lists.

use std::collections::HashMap;

use papo_domain::{Denial, EventKind, MessageText, Seq};
use papo_storage::{AccountChange, By, NewEvent, Refusal};
use proptest::prelude::*;

use crate::rights::Administrator;
use crate::world::{Guest, World, at};

/// A try of one of the people.
#[derive(Debug, Clone)]
enum Try {
    Post {
        who: usize,
        room: usize,
        id: Option<u8>,
    },
    Edit {
        who: usize,
        room: usize,
        target: i64,
    },
    Delete {
        who: usize,
        room: usize,
        target: i64,
    },
    /// Deletes a message by an administrator's right, which may have ended.
    Remove { room: usize, target: i64 },
}

/// Changes that are tried together, and whether the administrator still has the right then.
#[derive(Debug, Clone)]
struct Together {
    administers: bool,
    tries: Vec<Try>,
}

/// The rooms as lists.
#[derive(Default)]
struct Model {
    administers: bool,
    logs: [Vec<Entry>; 2],
    ids: HashMap<(usize, u8), (usize, Seq)>,
}

enum Entry {
    Message { who: usize, text: Option<String> },
    Change,
}

impl Model {
    /// The answer that a try must get: where it stands, and whether it stood there before.
    fn answer(&mut self, number: usize, what: &Try) -> Result<(usize, Seq, bool), Refusal> {
        let text = Some(format!("texto {number}"));
        let (room, entry) = match *what {
            Try::Post { who, room, id } => {
                if let Some(id) = id {
                    if let Some(&(room, seq)) = self.ids.get(&(who, id)) {
                        return Ok((room, seq, true));
                    }
                    self.ids.insert((who, id), (room, self.next(room)));
                }
                (room, Entry::Message { who, text })
            }
            Try::Edit { who, room, target } => {
                *self.message(Some(who), room, target)? = text;
                (room, Entry::Change)
            }
            Try::Delete { who, room, target } => {
                *self.message(Some(who), room, target)? = None;
                (room, Entry::Change)
            }
            Try::Remove { room, target } => {
                if !self.administers {
                    return Err(Denial::NotAdministrator.into());
                }
                *self.message(None, room, target)? = None;
                (room, Entry::Change)
            }
        };
        let seq = self.next(room);
        self.logs[room].push(entry);
        Ok((room, seq, false))
    }

    fn next(&self, room: usize) -> Seq {
        Seq(i64::try_from(self.logs[room].len()).unwrap() + 1)
    }

    fn message(
        &mut self,
        who: Option<usize>,
        room: usize,
        target: i64,
    ) -> Result<&mut Option<String>, Refusal> {
        let index = usize::try_from(target - 1).map_err(|_| Refusal::NoMessage)?;
        match self.logs[room].get_mut(index) {
            Some(Entry::Message { who: owner, text }) if text.is_some() => {
                if who.is_none_or(|who| *owner == who) {
                    Ok(text)
                } else {
                    Err(Denial::NotYours.into())
                }
            }
            _ => Err(Refusal::NoMessage),
        }
    }
}

fn tries() -> impl Strategy<Value = Vec<Together>> {
    let (who, room, target) = (0..3_usize, 0..2_usize, 0..12_i64);
    let post = (who.clone(), room.clone(), prop::option::of(0..6_u8));
    let post = post.prop_map(|(who, room, id)| Try::Post { who, room, id });
    let remove = (room.clone(), target.clone());
    let remove = remove.prop_map(|(room, target)| Try::Remove { room, target });
    let change = (who, room, target, any::<bool>()).prop_map(|(who, room, target, edit)| {
        if edit {
            Try::Edit { who, room, target }
        } else {
            Try::Delete { who, room, target }
        }
    });
    let tries = prop_oneof![4 => post, 4 => change, 1 => remove];
    let batch = (any::<bool>(), prop::collection::vec(tries, 1..8));
    let batch = batch.prop_map(|(administers, tries)| Together { administers, tries });
    prop::collection::vec(batch, 1..8)
}

async fn compare(world: &World, batches: Vec<Together>) {
    let rooms = [world.room("Uma").await, world.room("Outra").await];
    let mut people = Vec::new();
    for name in ["Ana", "Bia", "Caio"] {
        let guest = world.guest(rooms[0], name).await;
        world.join(&guest, rooms[1], name).await;
        people.push(guest);
    }
    // One administrator must remain.
    Administrator::new(world, 2).await;
    let chefe = Administrator::new(world, 1).await;
    let event = |number: usize, what: &Try| -> NewEvent {
        let text = format!("texto {number}");
        let guest = |who: usize| -> &Guest { &people[who] };
        match *what {
            Try::Post { who, room, id } => {
                let id = id.map(|id| id.to_string());
                guest(who).post(rooms[room], id.as_deref(), &text)
            }
            Try::Edit { who, room, target } => guest(who).edit(rooms[room], Seq(target), &text),
            Try::Delete { who, room, target } => guest(who).delete(rooms[room], Seq(target)),
            Try::Remove { room, target } => chefe.delete(rooms[room], Seq(target)),
        }
    };
    let mut model = Model {
        administers: true,
        ..Model::default()
    };
    let mut number = 0;
    for Together { administers, tries } in batches {
        if administers != model.administers {
            let change = AccountChange::SetAdmin(administers);
            let changed = world
                .storage
                .change_account(By::System, chefe.account, change, at(9))
                .await;
            assert_eq!(changed.unwrap(), Ok(vec![]));
            model.administers = administers;
        }
        let mut expected = Vec::new();
        let mut events = Vec::new();
        for what in &tries {
            events.push(event(number, what));
            let answer = model.answer(number, what);
            expected.push(answer.map(|(room, seq, known)| (rooms[room], seq, known)));
            number += 1;
        }
        let answers = world.append(events).await.into_iter();
        let answers = answers.map(|a| a.map(|a| (a.event.room, a.event.seq, a.duplicate)));
        assert_eq!(answers.collect::<Vec<_>>(), expected);
    }
    for (room, log) in rooms.into_iter().zip(&model.logs) {
        let texts = log.iter().filter_map(|entry| match entry {
            Entry::Message { text, .. } => text.clone(),
            Entry::Change => None,
        });
        assert_eq!(world.texts(room).await, texts.collect::<Vec<_>>());
        let events = world.events(room).await;
        assert_eq!(events.len(), log.len());
        for (event, entry) in events.iter().zip(log) {
            let shown = match (&event.kind, entry) {
                (EventKind::Posted(posted), Entry::Message { text, .. }) => {
                    posted.text.as_ref().map(MessageText::as_str) == text.as_deref()
                }
                (EventKind::Edited { .. } | EventKind::Deleted { .. }, Entry::Change) => true,
                _ => false,
            };
            assert!(shown, "{event:?}");
        }
    }
    world.is_sound().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_does_what_lists_would(batches in tries()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(&World::sqlite(), batches));
    }

    #[test]
    fn postgres_does_what_lists_would(batches in tries()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { compare(&World::postgres().await, batches).await });
    }
}
