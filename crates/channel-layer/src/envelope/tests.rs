//! Signals between nodes, and bytes that an attacker may send.

use proptest::prelude::*;

use super::*;
use crate::Move;

const NODE: NodeId = NodeId(7);
const ROOM: RoomId = RoomId(3);

fn text_frame(length: usize) -> Bytes {
    let mut bytes = vec![0x81];
    match u16::try_from(length) {
        Ok(short @ 0..=125) => bytes.push(short.to_be_bytes()[1]),
        Ok(middle) => {
            bytes.push(126);
            bytes.extend(middle.to_be_bytes());
        }
        Err(_) => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.resize(bytes.len() + length, b'x');
    bytes.into()
}

fn frame(seq: i64, length: usize) -> Frame {
    Frame {
        seq: Seq(seq),
        class: EventClass::Change,
        changes: Some(Seq(1)),
        bytes: text_frame(length),
    }
}

fn all() -> Vec<Signal> {
    let ana = Present {
        person: PersonId(u64::MAX),
        username: Username::parse("Ana").unwrap(),
        mark: Some(papo_domain::Mark::Account),
    };
    vec![
        Signal::Frames(ROOM, vec![frame(1, 5), frame(2, 300)]),
        Signal::Typing(ROOM, PersonId(4), text_frame(9)),
        Signal::People(
            ROOM,
            People {
                version: 9,
                online: 1_000,
                people: vec![ana],
            },
        ),
        Signal::Heads(vec![
            (ROOM, vec![(Seq(1), Move::Posted(PersonId(u64::MAX)))]),
            (
                RoomId(4),
                vec![(Seq(7), Move::Edited), (Seq(8), Move::Other)],
            ),
        ]),
        Signal::Changed,
        Signal::Inbox,
        Signal::Stopped,
    ]
}

#[test]
fn what_is_written_is_read() {
    for signal in all() {
        let [bytes] = &encode(NODE, &signal)[..] else {
            panic!("one envelope for {signal:?}");
        };
        assert_eq!(decode(room_of(&signal), bytes), Ok((NODE, signal)));
    }
}

#[test]
fn many_events_of_many_rooms_go_in_portions() {
    let posted = |seq| (Seq(seq), Move::Posted(PersonId(u64::MAX)));
    let mut rooms = vec![(ROOM, (1..=10_000).map(posted).collect::<Vec<_>>())];
    rooms.extend((10..5_000).map(|room| (RoomId(room), vec![posted(i64::MAX)])));
    let mut read: Vec<(RoomId, Vec<(Seq, Move)>)> = Vec::new();
    for bytes in encode(NODE, &Signal::Heads(rooms.clone())) {
        assert!(bytes.len() <= MOST_BYTES / 4, "{}", bytes.len());
        let (_, Signal::Heads(some)) = decode(None, &bytes).unwrap() else {
            panic!("heads");
        };
        for (room, moves) in some {
            match read.last_mut() {
                Some((last, all)) if *last == room => all.extend(moves),
                _ => read.push((room, moves)),
            }
        }
    }
    assert!(read == rooms, "some are missing or in another order");
}

#[test]
fn many_frames_go_in_portions() {
    let frames: Vec<_> = (1..=40).map(|seq| frame(seq, 60_000)).collect();
    let portions = encode(NODE, &Signal::Frames(ROOM, frames.clone()));
    assert!(portions.len() > 5, "{}", portions.len());
    let mut read = Vec::new();
    for bytes in portions {
        assert!(bytes.len() <= TOGETHER_BYTES);
        let (_, Signal::Frames(_, some)) = decode(Some(ROOM), &bytes).unwrap() else {
            panic!("frames");
        };
        read.extend(some);
    }
    assert_eq!(read, frames);
}

#[test]
fn what_is_of_another_form_or_channel_is_refused() {
    for signal in all() {
        let bytes = encode(NODE, &signal).remove(0);
        let mut newer = bytes.to_vec();
        newer[0] = FORM + 1;
        assert_eq!(decode(room_of(&signal), &newer), Err(Undecodable));
        let other = room_of(&signal).map_or(Some(ROOM), |_| None);
        assert_eq!(decode(other, &bytes), Err(Undecodable));
    }
    assert_eq!(decode(None, b""), Err(Undecodable));
    assert_eq!(decode(None, &vec![FORM; MOST_BYTES + 1]), Err(Undecodable));
}

#[test]
fn what_would_break_a_followers_stream_is_refused() {
    let whole = frame(1, 200).bytes;
    let mut masked = whole.to_vec();
    masked[1] |= 0x80;
    let hostile = [
        Bytes::new(),
        Bytes::from_static(b"\x81"),
        Bytes::from_static(b"\x88\x00"),
        Bytes::from_static(b"\x81\x01\xff"),
        Bytes::from_static(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
        whole.slice(..whole.len() - 1),
        masked.into(),
        [&whole[..], &whole[..]].concat().into(),
    ];
    for bytes in hostile {
        let mut frame = frame(1, 1);
        frame.bytes = bytes.clone();
        let frames = encode(NODE, &Signal::Frames(ROOM, vec![frame])).remove(0);
        assert_eq!(decode(Some(ROOM), &frames), Err(Undecodable), "{bytes:?}");
        let typing = encode(NODE, &Signal::Typing(ROOM, PersonId(1), bytes)).remove(0);
        assert_eq!(decode(Some(ROOM), &typing), Err(Undecodable));
    }
    let zeroth = encode(NODE, &Signal::Frames(ROOM, vec![frame(0, 1)])).remove(0);
    assert_eq!(decode(Some(ROOM), &zeroth), Err(Undecodable));
}

proptest! {
    /// No bytes, and no change of a true envelope, cause a panic.
    #[test]
    fn any_bytes_are_read_or_refused(
        noise in prop::collection::vec(any::<u8>(), 0..400),
        which in 0_usize..5,
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut bytes = vec![FORM];
        bytes.extend(noise);
        let _ = decode(Some(ROOM), &bytes);
        let _ = decode(None, &bytes);
        let signal = &all()[which];
        let mut changed = encode(NODE, signal).remove(0).to_vec();
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        let _ = decode(room_of(signal), &changed);
        changed.truncate(at);
        let _ = decode(room_of(signal), &changed);
    }
}
