//! A signal as bytes between nodes: a byte for the version of the form, the node, and the signal.
//!
//! The room isn't in it: the name of the channel has it. Any bytes decode to a harmless signal or
//! to an error.

mod moves;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use papo_domain::{EventClass, Mark, PersonId, RoomId, Seq, Username};
use serde::{Deserialize, Serialize};

use crate::{Frame, NodeId, People, Present, Signal};

/// The version that this program writes and reads. Others are ignored: while nodes of two versions
/// run, they poll the log.
const FORM: u8 = 4;
/// The most bytes of an envelope.
pub(crate) const MOST_BYTES: usize = 512 * 1_024;
/// Frames share an envelope up to about this many bytes.
const TOGETHER_BYTES: usize = 64 * 1_024;
/// The most bytes that an envelope adds to itself and to each of its frames.
const EDGE_BYTES: usize = 64;
/// The most named people that are accepted.
const MOST_PEOPLE: usize = 1_000;
/// The most people of one node that are accepted.
const MOST_ONLINE: u64 = 10_000_000;

/// Why bytes aren't a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signal")]
pub(crate) struct Undecodable;

#[derive(Debug, Serialize, Deserialize)]
struct Envelope<'a> {
    node: u64,
    #[serde(borrow)]
    body: Body<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Body<'a> {
    #[serde(borrow)]
    Frames(Vec<FrameBody<'a>>),
    Typing {
        sender: u64,
        frame: &'a [u8],
    },
    People {
        version: u64,
        online: u64,
        #[serde(borrow)]
        /// Each with the code of their mark.
        people: Vec<(u64, &'a str, u8)>,
    },
    Changed,
    Stopped,
    Heads(Vec<moves::RoomBody>),
    Inbox,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrameBody<'a> {
    seq: i64,
    kind: Kind,
    changes: Option<i64>,
    bytes: &'a [u8],
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Kind {
    Message,
    Change,
}

/// A signal's room, if it is about one.
pub(crate) fn room_of(signal: &Signal) -> Option<RoomId> {
    match signal {
        Signal::Frames(room, _) | Signal::Typing(room, ..) | Signal::People(room, _) => Some(*room),
        Signal::Heads(_) | Signal::Changed | Signal::Inbox | Signal::Stopped => None,
    }
}

/// About how many bytes a signal has.
pub(crate) fn size_of(signal: &Signal) -> usize {
    let bytes = match signal {
        Signal::Frames(_, frames) => frames.iter().map(frame_size).sum(),
        Signal::Typing(_, _, frame) => frame.len(),
        Signal::People(_, people) => people.people.len() * EDGE_BYTES,
        Signal::Heads(rooms) => moves::size(rooms),
        Signal::Changed | Signal::Inbox | Signal::Stopped => 0,
    };
    bytes + EDGE_BYTES
}

fn frame_size(frame: &Frame) -> usize {
    frame.bytes.len() + EDGE_BYTES
}

/// A signal as bytes. Many frames or events take several envelopes.
pub(crate) fn encode(node: NodeId, signal: &Signal) -> Vec<Bytes> {
    let body = match signal {
        Signal::Frames(_, frames) => {
            let bodies = portions(frames)
                .into_iter()
                .map(|portion| Body::Frames(portion.iter().map(FrameBody::of).collect()));
            return bodies.filter_map(|body| write(node, body)).collect();
        }
        Signal::Typing(_, sender, frame) => Body::Typing {
            sender: sender.0,
            frame,
        },
        Signal::People(_, people) => Body::People {
            version: people.version,
            online: u64::try_from(people.online).unwrap_or(u64::MAX),
            people: people
                .people
                .iter()
                .map(|person| {
                    (
                        person.person.0,
                        person.username.as_str(),
                        number_of(person.mark),
                    )
                })
                .collect(),
        },
        Signal::Heads(rooms) => {
            let bodies = moves::portions(rooms).into_iter().map(Body::Heads);
            return bodies.filter_map(|body| write(node, body)).collect();
        }
        Signal::Changed => Body::Changed,
        Signal::Inbox => Body::Inbox,
        Signal::Stopped => Body::Stopped,
    };
    write(node, body).into_iter().collect()
}

/// Decodes what came by the channel of a room, or by that of all nodes.
pub(crate) fn decode(room: Option<RoomId>, bytes: &[u8]) -> Result<(NodeId, Signal), Undecodable> {
    let (&form, rest) = bytes.split_first().ok_or(Undecodable)?;
    if form != FORM || bytes.len() > MOST_BYTES {
        return Err(Undecodable);
    }
    let Envelope { node, body } = postcard::from_bytes(rest).map_err(|_| Undecodable)?;
    let signal = match (room, body) {
        (Some(room), Body::Frames(frames)) => {
            let frames = frames.iter().map(FrameBody::checked);
            Signal::Frames(room, frames.collect::<Option<_>>().ok_or(Undecodable)?)
        }
        (Some(room), Body::Typing { sender, frame }) if is_text_frame(frame) => {
            Signal::Typing(room, PersonId(sender), Bytes::copy_from_slice(frame))
        }
        (
            Some(room),
            Body::People {
                version,
                online,
                people,
            },
        ) if people.len() <= MOST_PEOPLE && online <= MOST_ONLINE => {
            let named: Vec<_> = people
                .iter()
                .filter_map(|(person, name, mark)| present(*person, name, *mark))
                .collect();
            let online = usize::try_from(online).map_err(|_| Undecodable)?;
            Signal::People(
                room,
                People {
                    version,
                    online: online.max(named.len()),
                    people: named,
                },
            )
        }
        (None, Body::Heads(rooms)) => Signal::Heads(moves::checked(&rooms).ok_or(Undecodable)?),
        (None, Body::Changed) => Signal::Changed,
        (None, Body::Inbox) => Signal::Inbox,
        (None, Body::Stopped) => Signal::Stopped,
        _ => return Err(Undecodable),
    };
    Ok((NodeId(node), signal))
}

fn write(node: NodeId, body: Body<'_>) -> Option<Bytes> {
    let envelope = Envelope { node: node.0, body };
    let written = postcard::to_extend(&envelope, vec![FORM]);
    // Writing types of known length into memory can't fail.
    written.ok().map(Bytes::from)
}

/// Divides frames into portions of about [`TOGETHER_BYTES`].
fn portions(frames: &[Frame]) -> Vec<&[Frame]> {
    let mut portions = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, frame) in frames.iter().enumerate() {
        let size = frame_size(frame);
        if bytes > 0 && bytes + size > TOGETHER_BYTES {
            portions.push(&frames[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    if start < frames.len() {
        portions.push(&frames[start..]);
    }
    portions
}

/// An invalid name is left out, and the others stay.
fn present(person: u64, name: &str, mark: u8) -> Option<Present> {
    Some(Present {
        person: PersonId(person),
        username: Username::parse(name).ok()?,
        mark: match mark {
            0 => None,
            1 => Some(Mark::Account),
            _ => Some(Mark::Administrator),
        },
    })
}

const fn number_of(mark: Option<Mark>) -> u8 {
    match mark {
        None => 0,
        Some(Mark::Account) => 1,
        Some(Mark::Administrator) => 2,
    }
}

/// Whether this is one whole text frame of a server. Followers get it as it is.
fn is_text_frame(bytes: &[u8]) -> bool {
    let (header, length) = match bytes {
        [0x81, length @ 0..=125, ..] => (2, usize::from(*length)),
        [0x81, 126, a, b, ..] => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        [0x81, 127, rest @ ..] => {
            let Some(length) = rest.first_chunk::<8>() else {
                return false;
            };
            let length = u64::from_be_bytes(*length);
            (10, usize::try_from(length).unwrap_or(usize::MAX))
        }
        _ => return false,
    };
    bytes.len() - header == length && std::str::from_utf8(&bytes[header..]).is_ok()
}

impl<'a> FrameBody<'a> {
    fn of(frame: &'a Frame) -> Self {
        Self {
            seq: frame.seq.0,
            kind: match frame.class {
                EventClass::Message => Kind::Message,
                EventClass::Change => Kind::Change,
            },
            changes: frame.changes.map(|seq| seq.0),
            bytes: &frame.bytes,
        }
    }

    fn checked(&self) -> Option<Frame> {
        if self.seq < 1 || !is_text_frame(self.bytes) {
            return None;
        }
        Some(Frame {
            seq: Seq(self.seq),
            class: match self.kind {
                Kind::Message => EventClass::Message,
                Kind::Change => EventClass::Change,
            },
            changes: self.changes.map(Seq),
            // A copy, so that a small frame doesn't keep the whole envelope.
            bytes: Bytes::copy_from_slice(self.bytes),
        })
    }
}
