//! A client's frames, and how it reads the answers. Written apart from the crate, so that one's
//! mistakes aren't the other's.

use std::fmt;

/// What came back.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    /// A close frame with this code.
    Closed(u16),
}

/// Long ones are shown by their length and their start.
impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, payload) = match self {
            Self::Text(payload) => ("Text", payload),
            Self::Binary(payload) => ("Binary", payload),
            Self::Pong(payload) => ("Pong", payload),
            Self::Closed(code) => return write!(formatter, "Closed({code})"),
        };
        let start = payload[..payload.len().min(40)].escape_ascii();
        write!(formatter, "{name}({} bytes: {start})", payload.len())
    }
}

/// A masked frame with any first byte.
pub(crate) fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut out = head(first, payload.len());
    let mask = [
        out[out.len() - 4],
        out[out.len() - 3],
        out[out.len() - 2],
        out[out.len() - 1],
    ];
    let start = out.len();
    out.extend_from_slice(payload);
    for (index, byte) in out[start..].iter_mut().enumerate() {
        *byte ^= mask[index % 4];
    }
    out
}

/// A frame's first bytes, up to the mask.
pub(crate) fn head(first: u8, length: usize) -> Vec<u8> {
    let bytes = (length as u64).to_be_bytes();
    let mut out = vec![first];
    match length {
        0..=125 => out.push(0x80 | bytes[7]),
        126..=0xFFFF => {
            out.push(0xFE);
            out.extend_from_slice(&bytes[6..]);
        }
        _ => {
            out.push(0xFF);
            out.extend_from_slice(&bytes);
        }
    }
    out.extend_from_slice(&[0x37 ^ bytes[7], 0xFA, 0x21, 0x3D]);
    out
}

pub(crate) fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x81, payload)
}

pub(crate) fn binary(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x82, payload)
}

pub(crate) fn ping(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x89, payload)
}

pub(crate) fn pong(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x8A, payload)
}

/// A close frame with a code and a reason.
pub(crate) fn close(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x88, [&code.to_be_bytes(), reason.as_ref()].concat())
}

/// The first fragment of a text.
pub(crate) fn begin(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x01, payload)
}

/// A fragment that is neither the first nor the last.
pub(crate) fn go_on(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x00, payload)
}

/// The last fragment.
pub(crate) fn end(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x80, payload)
}

/// A message in fragments of this size.
pub(crate) fn fragmented(opcode: u8, payload: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let last = payload.len().div_ceil(size) - 1;
    for (index, fragment) in payload.chunks(size).enumerate() {
        let opcode = if index == 0 { opcode } else { 0 };
        let is_final = if index == last { 0x80 } else { 0 };
        out.extend(frame(is_final | opcode, fragment));
    }
    out
}

/// Reads a server's frames, which must be whole, unmasked, and written in the shortest form.
pub(crate) fn read_answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while !bytes.is_empty() {
        assert!(
            !matches!(answers.last(), Some(Answer::Closed(_))),
            "nothing comes after a close frame"
        );
        let (first, second) = (bytes[0], bytes[1]);
        assert_eq!(second & 0x80, 0, "a server doesn't mask");
        let (length, start) = match second {
            126 => (big_endian(&bytes[2..4]), 4),
            127 => (big_endian(&bytes[2..10]), 10),
            short => (usize::from(short), 2),
        };
        assert_eq!(
            start,
            if length < 126 {
                2
            } else if length < 0x1_0000 {
                4
            } else {
                10
            }
        );
        let payload = bytes[start..start + length].to_vec();
        assert!(first < 0x88 || length < 126, "a long control frame");
        answers.push(match first {
            0x81 => Answer::Text(payload),
            0x82 => Answer::Binary(payload),
            0x8A => Answer::Pong(payload),
            0x88 => {
                std::str::from_utf8(&payload[2..]).unwrap();
                Answer::Closed(u16::from_be_bytes([payload[0], payload[1]]))
            }
            other => panic!("an unexpected frame: {other:#x}"),
        });
        bytes = &bytes[start + length..];
    }
    answers
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte))
}
