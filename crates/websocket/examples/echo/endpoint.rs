//! An endpoint that echoes messages: bytes in, frames out.
//!
//! It reads and writes as the server's sockets do, but also accepts binary messages. The example
//! puts it behind a socket, for test suites with their own client. The tests in `tests/conformance`
//! use it directly.

use bytes::BytesMut;
use papo_websocket::{
    CloseCode, Incoming, ProtocolError, Reader, binary_frame, close_frame, pong_frame, text_frame,
};

/// The longest message, in bytes: the longest that the Autobahn cases send.
pub(crate) const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// The state of a client's connection.
#[derive(Debug)]
pub(crate) struct Endpoint {
    reader: Reader,
    /// What has arrived and isn't read yet.
    pub(crate) incoming: BytesMut,
    /// What waits to be written.
    pub(crate) outgoing: Vec<u8>,
    /// The closing handshake was begun or answered; nothing more is read.
    pub(crate) is_closed: bool,
}

impl Endpoint {
    /// A client that hasn't sent anything.
    pub(crate) fn new() -> Self {
        Self {
            reader: Reader::with_binary(MESSAGE_BYTES),
            incoming: BytesMut::new(),
            outgoing: Vec::new(),
            is_closed: false,
        }
    }

    /// How much space the next bytes need.
    pub(crate) fn wanted(&self) -> usize {
        let whole = self.reader.wanted(&self.incoming);
        whole.saturating_sub(self.incoming.len())
    }

    /// Reads what has arrived, and answers it.
    pub(crate) fn hear(&mut self) {
        while !self.is_closed {
            match self.reader.next(&mut self.incoming) {
                Ok(Some(incoming)) => self.answer(incoming),
                Ok(None) => return,
                Err(error) => self.refuse(error),
            }
        }
    }

    fn answer(&mut self, incoming: Incoming) {
        let frame = match incoming {
            Incoming::Text(text) => text_frame(&text),
            Incoming::Binary(content) => binary_frame(&content),
            Incoming::Ping(payload) => pong_frame(&payload),
            Incoming::Pong => return,
            Incoming::Close(frame) => {
                self.is_closed = true;
                close_frame(frame.map_or(CloseCode::NORMAL, |frame| frame.code), "")
            }
        };
        self.outgoing.extend_from_slice(&frame);
    }

    fn refuse(&mut self, error: ProtocolError) {
        self.is_closed = true;
        let frame = close_frame(error.close_code(), &error.to_string());
        self.outgoing.extend_from_slice(&frame);
    }
}
