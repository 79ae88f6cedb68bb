//! The part of RFC 6455 that two programs need which trust each other: whole messages in one frame,
//! no extensions.

/// A text message.
pub const TEXT: u8 = 1;
/// The end of the connection.
pub const CLOSE: u8 = 8;
/// A ping.
pub const PING: u8 = 9;
/// A pong.
pub const PONG: u8 = 10;

/// The frame at the front of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub opcode: u8,
    /// The key it is masked with, when a client sent it.
    pub key: Option<[u8; 4]>,
    /// Its content, masked as it came.
    pub payload: &'a [u8],
    /// Its length, header included.
    pub length: usize,
}

impl<'a> Frame<'a> {
    /// The frame at the front, when it is whole.
    pub fn first(bytes: &'a [u8]) -> Option<Self> {
        let (&opcode, &short) = (bytes.first()?, bytes.get(1)?);
        let (mut at, size) = match short & 0x7f {
            0x7e => (
                4,
                u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into(),
            ),
            0x7f => (
                10,
                usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?,
            ),
            size => (2, size.into()),
        };
        let mut key = None;
        if short & 0x80 != 0 {
            key = Some(bytes.get(at..at + 4)?.try_into().ok()?);
            at += 4;
        }
        let length = at + size;
        Some(Self {
            opcode: opcode & 0x0f,
            key,
            payload: bytes.get(at..length)?,
            length,
        })
    }

    /// The content, unmasked.
    pub fn content(&self) -> Vec<u8> {
        let key = self.key.unwrap_or_default();
        self.payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect()
    }
}

/// Appends a frame as a client sends it. The key is zero, which masks nothing and costs nothing.
pub fn put_masked(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    put_header(opcode, 0x80, payload.len(), out);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// Appends a frame as a server sends it.
pub fn put(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    put_header(opcode, 0, payload.len(), out);
    out.extend_from_slice(payload);
}

fn put_header(opcode: u8, mask: u8, length: usize, out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..126), _) => out.push(mask | length),
        (_, Ok(length)) => {
            out.push(mask | 0x7e);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(mask | 0x7f);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_comes_out_whole_and_never_before() {
        for length in [0, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            for (put, is_masked) in [(put as fn(_, &_, &mut _), false), (put_masked, true)] {
                let mut bytes = Vec::new();
                put(TEXT, &payload[..], &mut bytes);
                let whole = bytes.len();
                assert_eq!(Frame::first(&bytes[..whole - 1]), None);
                bytes.extend_from_slice(b"more");
                let frame = Frame::first(&bytes).unwrap();
                assert_eq!(
                    (frame.opcode, frame.length, frame.key.is_some()),
                    (TEXT, whole, is_masked)
                );
                assert_eq!(frame.content(), payload);
            }
        }
    }

    #[test]
    fn a_mask_is_taken_off() {
        let bytes = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(Frame::first(&bytes).unwrap().content(), b"Hello");
    }
}
