//! Writes a server's frames: never masked, never fragmented.

use bytes::Bytes;

use crate::CloseCode;

const FINAL: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// The longest payload of a control frame.
const CONTROL_BYTES: usize = 125;

/// A whole text message.
pub fn text_frame(text: &str) -> Bytes {
    frame(TEXT, text.as_bytes())
}

/// A whole binary message.
pub fn binary_frame(content: &[u8]) -> Bytes {
    frame(BINARY, content)
}

/// A ping without payload.
pub fn ping_frame() -> Bytes {
    Bytes::from_static(&[FINAL | PING, 0])
}

/// The answer to a ping; the payload is the ping's, at most 125 bytes.
pub fn pong_frame(payload: &[u8]) -> Bytes {
    frame(PONG, &payload[..payload.len().min(CONTROL_BYTES)])
}

/// A close frame; the reason is cut after 123 bytes, between characters.
pub fn close_frame(code: CloseCode, reason: &str) -> Bytes {
    let end = reason.floor_char_boundary(CONTROL_BYTES - 2);
    let mut payload = Vec::with_capacity(2 + end);
    payload.extend_from_slice(&code.0.to_be_bytes());
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    frame(CLOSE, &payload)
}

fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 10);
    out.push(FINAL | opcode);
    match payload.len() {
        length @ 0..=125 => out.push(u8::try_from(length).expect("at most 125")),
        length @ 126..=0xFFFF => {
            out.push(126);
            out.extend_from_slice(&u16::try_from(length).expect("at most 65,535").to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_the_shortest_form() {
        assert_eq!(&text_frame("Olá")[..], b"\x81\x04Ol\xc3\xa1");
        assert_eq!(&text_frame(&"a".repeat(126))[..4], b"\x81\x7e\x00\x7e");
        assert_eq!(
            &text_frame(&"a".repeat(65_536))[..10],
            b"\x81\x7f\0\0\0\0\0\x01\0\0"
        );
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = close_frame(CloseCode::POLICY, &"é".repeat(100));
        assert_eq!(frame.len(), 2 + 2 + 122);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }
}
