//! Streams the old database to the storage: a thread reads, the storage's own thread stores, and
//! little is between.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, Result};
use papo_storage::{ImportedMessage, ImportedRoom};

use super::messages::{OldMessage, each_message};
use super::rooms::{self, OldRoom};
use super::source::Source;

/// How many messages are read ahead.
const AHEAD: usize = 1_024;

/// The rooms, as the storage takes them.
pub(super) type Rooms = Box<dyn Iterator<Item = Result<ImportedRoom, String>> + Send>;

/// Starts reading.
pub(super) fn start(source: Source) -> Result<Rooms> {
    let (sender, rooms) = channel(1);
    let reader = thread::Builder::new().name("django-reader".into());
    let read = move || {
        let outcome = hand_over(&source, &sender);
        sender.finish(outcome);
    };
    reader.spawn(read).context("can't start a thread")?;
    Ok(Box::new(rooms))
}

fn hand_over(source: &Source, sender: &Sender<ImportedRoom>) -> Result<()> {
    for room in rooms::rooms(source)? {
        let (to_room, messages) = channel(AHEAD);
        if !sender.send(imported(&room, messages)) {
            break;
        }
        let outcome = each_message(source, &room, |message| match message {
            OldMessage::Message { message, .. } => to_room.send(message),
            OldMessage::Blank => true,
        });
        to_room.finish(outcome);
    }
    Ok(())
}

fn imported(room: &OldRoom, messages: Received<ImportedMessage>) -> ImportedRoom {
    ImportedRoom {
        name: room.name.clone(),
        description: room.description.clone(),
        is_active: room.is_active,
        created_at: room.created_at,
        messages: Box::new(messages),
    }
}

enum Item<T> {
    One(T),
    Failure(String),
    End,
}

/// Sends items, and at last the end. A sender that only stops has failed.
struct Sender<T>(SyncSender<Item<T>>);

/// Receives items until the end. It is an error if the sender stops without an end, so that half a
/// room is never taken for a whole.
struct Received<T> {
    items: Receiver<Item<T>>,
    is_over: bool,
}

fn channel<T>(ahead: usize) -> (Sender<T>, Received<T>) {
    let (sender, items) = sync_channel(ahead);
    let received = Received {
        items,
        is_over: false,
    };
    (Sender(sender), received)
}

impl<T> Sender<T> {
    /// Sends an item; `false` when nobody receives any more.
    fn send(&self, item: T) -> bool {
        self.0.send(Item::One(item)).is_ok()
    }

    fn finish(self, outcome: Result<()>) {
        let last = match outcome {
            Ok(()) => Item::End,
            Err(error) => Item::Failure(format!("{error:#}")),
        };
        // A receiver that has gone has failed, and said so.
        let _ = self.0.send(last);
    }
}

impl<T> Iterator for Received<T> {
    type Item = Result<T, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        match self.items.recv() {
            Ok(Item::One(item)) => Some(Ok(item)),
            Ok(Item::End) => {
                self.is_over = true;
                None
            }
            Ok(Item::Failure(text)) => {
                self.is_over = true;
                Some(Err(text))
            }
            Err(_) => {
                self.is_over = true;
                Some(Err("reading it ended early".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_not_said_is_a_failure() {
        let (sender, received) = channel(4);
        assert!(sender.send(1));
        drop(sender);
        let items: Vec<_> = received.collect();
        assert_eq!(items, [Ok(1), Err("reading it ended early".to_owned())]);
        let (sender, received) = channel(4);
        assert!(sender.send(1));
        sender.finish(Ok(()));
        assert_eq!(received.collect::<Vec<_>>(), [Ok(1)]);
    }
}
