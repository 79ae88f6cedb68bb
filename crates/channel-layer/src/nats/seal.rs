//! The mark after each envelope, which only the nodes of one database can make.
//!
//! It keeps others who may publish on NATS, but don't know the database's key, from forging
//! signals. They can repeat what a node has told, as often as they like. A repeated frame changes
//! nothing, but people who have left then seem to be online.

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use papo_domain::{RelayKey, RoomId};
use sha2::Sha256;

use crate::envelope::MOST_BYTES;

/// Bytes of a mark: half of HMAC-SHA-256's output, as RFC 2104 allows.
const MARK: usize = 16;

/// Marks envelopes, and checks their marks.
pub(super) struct Seal {
    keyed: Hmac<Sha256>,
}

impl Seal {
    pub(super) fn new(key: &RelayKey) -> Self {
        let keyed = Hmac::new_from_slice(key.bytes()).expect("HMAC takes keys of every length");
        Self { keyed }
    }

    /// An envelope with its mark. The mark holds for this room only, or for signals to all nodes.
    pub(super) fn mark(&self, room: Option<RoomId>, envelope: &[u8]) -> Bytes {
        let whole = self.over(room, envelope).finalize().into_bytes();
        [envelope, &whole[..MARK]].concat().into()
    }

    /// The envelope, if its mark and size are right.
    pub(super) fn open<'a>(&self, room: Option<RoomId>, payload: &'a [u8]) -> Option<&'a [u8]> {
        if payload.len() > MOST_BYTES + MARK {
            return None;
        }
        let (envelope, mark) = payload.split_last_chunk::<MARK>()?;
        let right = self.over(room, envelope).verify_truncated_left(mark);
        right.is_ok().then_some(envelope)
    }

    fn over(&self, room: Option<RoomId>, envelope: &[u8]) -> Hmac<Sha256> {
        // Rooms have numbers from 1.
        let channel = room.map_or(0, |room| room.0);
        let mut mac = self.keyed.clone();
        mac.update(&channel.to_be_bytes());
        mac.update(envelope);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Option<RoomId> = Some(RoomId(3));

    fn seal(key: u8) -> Seal {
        Seal::new(&RelayKey::new([key; 32]))
    }

    #[test]
    fn what_is_marked_opens_where_it_was_told() {
        for room in [None, ROOM] {
            let marked = seal(1).mark(room, b"told");
            assert_eq!(seal(1).open(room, &marked), Some(&b"told"[..]));
        }
    }

    #[test]
    fn what_is_marked_otherwise_stays_closed() {
        let marked = seal(1).mark(ROOM, b"told");
        assert_eq!(seal(2).open(ROOM, &marked), None);
        assert_eq!(seal(1).open(Some(RoomId(4)), &marked), None);
        assert_eq!(seal(1).open(None, &marked), None);
        for at in 0..marked.len() {
            let mut changed = marked.to_vec();
            changed[at] ^= 1;
            assert_eq!(seal(1).open(ROOM, &changed), None, "byte {at}");
            assert_eq!(seal(1).open(ROOM, &marked[..at]), None, "{at} bytes");
        }
        let large = seal(1).mark(ROOM, &vec![0; MOST_BYTES + 1]);
        assert_eq!(seal(1).open(ROOM, &large), None);
    }

    /// RFC 4231 has no case with a number before the data. Another program made this one:
    /// `printf '\0\0\0\0\0\0\0\003told' | openssl dgst -sha256 -mac hmac -macopt hexkey:0101…01`.
    #[test]
    fn the_mark_is_what_other_programs_make() {
        let marked = seal(1).mark(ROOM, b"told");
        let expected = "4ebc682d169e0098c9d02298205b2385";
        assert_eq!(data_encoding::HEXLOWER.encode(&marked[4..]), expected);
    }
}
