//! Reads a client's frames from a buffer, and joins fragmented messages.

use bytes::{Buf, BytesMut};

use crate::mask::unmask;
use crate::message::Message;
use crate::{CloseFrame, ProtocolError};

/// Something a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text message.
    Text(String),
    /// A whole binary message. A reader that accepts text only gives an empty one as soon as the
    /// message begins.
    Binary(Vec<u8>),
    /// A ping, to be answered with its payload.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// The client closes; `None` without a code.
    Close(Option<CloseFrame>),
}

/// Takes frames from the front of a buffer that the caller fills. Its memory grows with what has
/// arrived, up to twice the message limit.
#[derive(Debug)]
pub struct Reader {
    /// The unfinished message.
    message: Option<Message>,
    /// The unfinished frame of the message.
    fragment: Option<Fragment>,
    /// How many frames of the message have begun.
    fragments: usize,
    /// Whether the content of binary messages is wanted.
    takes_binary: bool,
    /// The longest message, in bytes, and the most fragments that it comes in.
    limit: usize,
}

/// A frame of a message whose header was read.
#[derive(Debug, Clone, Copy)]
struct Fragment {
    /// The last of its message.
    is_final: bool,
    /// The mask from the next byte of the payload on.
    mask: [u8; 4],
    /// Bytes of the payload that haven't arrived yet.
    left: usize,
}

/// A frame's first bytes.
struct Header {
    is_final: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Bytes of the header itself.
    size: usize,
    /// Bytes of the payload.
    length: usize,
}

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

impl Reader {
    /// A reader for texts of at most `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self {
            message: None,
            fragment: None,
            fragments: 0,
            takes_binary: false,
            limit,
        }
    }

    /// A reader for texts and binary messages of at most `limit` bytes.
    pub const fn with_binary(limit: usize) -> Self {
        let mut reader = Self::new(limit);
        reader.takes_binary = true;
        reader
    }

    /// The next item in the buffer, or `None` until more bytes have come. An error comes as soon as
    /// the bytes prove it. A header that announces a gigabyte is refused before the first byte of
    /// it, and text that isn't UTF-8 before the rest of its frame.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>, ProtocolError> {
        loop {
            if let Some(fragment) = self.fragment.take() {
                if let Some(message) = self.receive(fragment, buffer)? {
                    return Ok(Some(message));
                }
                if self.fragment.is_some() {
                    return Ok(None);
                }
            }
            let Some(header) = self.header(buffer)? else {
                return Ok(None);
            };
            match header.opcode {
                CLOSE.. => return control(&header, buffer),
                BINARY if !self.takes_binary => return Ok(Some(Incoming::Binary(Vec::new()))),
                CONTINUATION => self.fragments += 1,
                opcode => {
                    self.message = Some(Message::new(opcode == TEXT));
                    self.fragments = 1;
                }
            }
            // Without this, empty ones could go on for ever.
            if self.fragments > self.limit.max(1) {
                return Err(ProtocolError::TooBig);
            }
            buffer.advance(header.size);
            self.fragment = Some(Fragment {
                is_final: header.is_final,
                mask: header.mask,
                left: header.length,
            });
        }
    }

    /// Bytes of the unfinished message that have arrived.
    pub fn kept(&self) -> usize {
        self.message.as_ref().map_or(0, Message::len)
    }

    /// How many bytes the frame at the front of the buffer still takes, as far as is known. The
    /// caller can reserve them.
    pub fn wanted(&self, buffer: &BytesMut) -> usize {
        if let Some(fragment) = self.fragment {
            return fragment.left;
        }
        match self.header(buffer) {
            Ok(Some(header)) => header.size + header.length,
            _ => 0,
        }
    }

    /// Takes what has arrived of a fragment. Returns the message if it is complete.
    fn receive(
        &mut self,
        mut fragment: Fragment,
        buffer: &mut BytesMut,
    ) -> Result<Option<Incoming>, ProtocolError> {
        let mut message = self.message.take().expect("a fragment has its message");
        let count = fragment.left.min(buffer.len());
        unmask(&mut buffer[..count], fragment.mask);
        message.add(&buffer[..count]);
        buffer.advance(count);
        fragment.left -= count;
        if fragment.is_final && fragment.left == 0 {
            return message.finish().map(Some);
        }
        message.check()?;
        self.message = Some(message);
        if fragment.left > 0 {
            fragment.mask.rotate_left(count % 4);
            self.fragment = Some(fragment);
        }
        Ok(None)
    }

    fn header(&self, buffer: &BytesMut) -> Result<Option<Header>, ProtocolError> {
        let [first, second, ..] = buffer[..] else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(ProtocolError::Malformed("a reserved bit is set"));
        }
        let (is_final, opcode) = (first & 0x80 != 0, first & 0x0F);
        match (opcode, self.message.is_some()) {
            (CONTINUATION, true) | (TEXT | BINARY, false) | (CLOSE..=PONG, _) => {}
            (CONTINUATION, false) => return Err(ProtocolError::Malformed("nothing to continue")),
            (TEXT | BINARY, true) => {
                return Err(ProtocolError::Malformed(
                    "the message before isn't finished",
                ));
            }
            _ => return Err(ProtocolError::Malformed("an unknown opcode")),
        }
        if second & 0x80 == 0 {
            return Err(ProtocolError::Malformed("a client must mask its frames"));
        }
        let short = second & 0x7F;
        if opcode >= CLOSE && (!is_final || short > 125) {
            return Err(ProtocolError::Malformed(
                "a control frame is fragmented or too long",
            ));
        }
        // The announced length, the least length for this form, and the header's size.
        let (announced, shortest, size) = match short {
            126 if buffer.len() >= 4 => {
                let bytes = buffer[2..4].try_into().expect("two bytes");
                (u64::from(u16::from_be_bytes(bytes)), 126, 8)
            }
            127 if buffer.len() >= 10 => {
                let bytes = buffer[2..10].try_into().expect("eight bytes");
                (u64::from_be_bytes(bytes), 1 << 16, 14)
            }
            126 | 127 => return Ok(None),
            _ => (u64::from(short), 0, 6),
        };
        if announced >> 63 != 0 {
            return Err(ProtocolError::Malformed(
                "a length with its highest bit set",
            ));
        }
        if announced < shortest {
            return Err(ProtocolError::Malformed(
                "a length that is longer than need be",
            ));
        }
        let room = self.limit - self.kept();
        let length = usize::try_from(announced).unwrap_or(usize::MAX);
        if opcode < CLOSE && length > room {
            return Err(ProtocolError::TooBig);
        }
        if buffer.len() < size {
            return Ok(None);
        }
        let mask = buffer[size - 4..size].try_into().expect("four bytes");
        Ok(Some(Header {
            is_final,
            opcode,
            mask,
            size,
            length,
        }))
    }
}

/// Takes a control frame, if it is complete.
fn control(header: &Header, buffer: &mut BytesMut) -> Result<Option<Incoming>, ProtocolError> {
    if buffer.len() < header.size + header.length {
        return Ok(None);
    }
    buffer.advance(header.size);
    let payload = &mut buffer[..header.length];
    unmask(payload, header.mask);
    let incoming = match header.opcode {
        CLOSE => Incoming::Close(CloseFrame::parse(payload)?),
        PING => Incoming::Ping(payload.to_vec()),
        _ => Incoming::Pong,
    };
    buffer.advance(header.length);
    Ok(Some(incoming))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame as a client writes it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let mut out = vec![first];
        match payload.len() {
            length @ 0..=125 => out.push(0x80 | u8::try_from(length).unwrap()),
            length @ 126..=0xFFFF => {
                out.push(0x80 | 0x7E);
                out.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                out.push(0x80 | 0x7F);
                out.extend((length as u64).to_be_bytes());
            }
        }
        out.extend(mask);
        out.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<Incoming>, ProtocolError> {
        let mut reader = Reader::new(65_536);
        let mut buffer = BytesMut::from(bytes);
        let mut all = Vec::new();
        while let Some(incoming) = reader.next(&mut buffer)? {
            all.push(incoming);
        }
        Ok(all)
    }

    #[test]
    fn a_message_in_fragments_with_a_ping_between_is_whole() {
        let bytes = [
            frame(0x01, "Ol\u{e1}".as_bytes()),
            frame(0x89, b"hi"),
            frame(0x80, b" mundo"),
        ]
        .concat();
        let expected = vec![
            Incoming::Ping(b"hi".to_vec()),
            Incoming::Text("Olá mundo".into()),
        ];
        assert_eq!(read(&bytes), Ok(expected));
    }

    #[test]
    fn broken_framing_is_refused() {
        let unmasked = [0x81, 0x01, b'a'];
        let cases: [(&[u8], &str); 7] = [
            (&unmasked, "a client must mask its frames"),
            (&frame(0xC1, b"a"), "a reserved bit is set"),
            (&frame(0x83, b"a"), "an unknown opcode"),
            (&frame(0x80, b"a"), "nothing to continue"),
            (
                &[frame(0x01, b"a"), frame(0x81, b"b")].concat(),
                "the message before isn't finished",
            ),
            (
                &frame(0x09, b""),
                "a control frame is fragmented or too long",
            ),
            (&frame(0x88, b"\x03"), "a close code has two bytes"),
        ];
        for (bytes, reason) in cases {
            assert_eq!(read(bytes), Err(ProtocolError::Malformed(reason)));
        }
        for code in [0_u16, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
            assert_eq!(
                read(&frame(0x88, &code.to_be_bytes())),
                Err(ProtocolError::Malformed("not a close code")),
                "{code}"
            );
        }
    }

    #[test]
    fn a_gigabyte_is_refused_by_its_header_and_endless_fragments_by_their_sum() {
        let mut header = vec![0x81, 0xFF];
        header.extend((1_u64 << 30).to_be_bytes());
        assert_eq!(read(&header), Err(ProtocolError::TooBig));
        let mut fragments = frame(0x01, &vec![b'a'; 40_000]);
        fragments.extend(frame(0x00, &vec![b'a'; 40_000]));
        assert_eq!(read(&fragments), Err(ProtocolError::TooBig));
        let mut empty = frame(0x01, b"");
        empty.extend(frame(0x00, b"").repeat(65_535));
        assert_eq!(read(&empty), Ok(vec![]));
        empty.extend(frame(0x00, b""));
        assert_eq!(read(&empty), Err(ProtocolError::TooBig));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_as_early_as_they_show() {
        assert_eq!(read(&frame(0x81, b"\xff")), Err(ProtocolError::NotUtf8));
        assert_eq!(
            read(&frame(0x01, b"\xce\xba\xff")),
            Err(ProtocolError::NotUtf8)
        );
        assert_eq!(read(&frame(0x01, b"\xc3")), Ok(vec![]));
        let half = &frame(0x81, b"\xce\xba\xff and more")[..9];
        assert_eq!(read(half), Err(ProtocolError::NotUtf8));
    }

    proptest! {
        #[test]
        fn however_the_bytes_arrive_the_messages_are_the_same(
            texts in prop::collection::vec(".{0,300}", 1..5),
            cut in 1_usize..50,
        ) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| frame(0x81, text.as_bytes())).collect();
            let mut reader = Reader::new(65_536);
            let mut buffer = BytesMut::new();
            let mut seen = Vec::new();
            for piece in bytes.chunks(cut) {
                buffer.extend_from_slice(piece);
                while let Some(incoming) = reader.next(&mut buffer).unwrap() {
                    seen.push(incoming);
                }
            }
            let expected: Vec<_> = texts.into_iter().map(Incoming::Text).collect();
            prop_assert_eq!(seen, expected);
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(1_000);
            let mut buffer = BytesMut::from(&bytes[..]);
            for _ in 0..bytes.len() {
                match reader.next(&mut buffer) {
                    Ok(Some(Incoming::Binary(_)) | None) | Err(_) => break,
                    Ok(Some(_)) => {}
                }
            }
        }
    }
}
