//! Reads a socket's client, and acts on its frames.

use std::io;

use bytes::BytesMut;
use papo_websocket::{CloseCode, Incoming, pong_frame};
use tokio::time::Instant;

use super::ending::{Closing, End};
use super::session::{Session, Speech};
use crate::waiting::Full;

/// The most memory reserved for bytes that haven't arrived, whatever length a frame's header
/// announces.
const READ_BYTES: usize = 64 * 1024;
/// How many frames are read before the session looks after notices and rooms, and other tasks have
/// their turn.
const FRAMES: usize = 64;

impl Session {
    /// Reads what the client has sent, and acts on it. Returns whether there may be more.
    pub(super) async fn hear(&mut self) -> Result<bool, End> {
        let mut heard = 0;
        while self.is_listening() {
            if heard == FRAMES {
                return Ok(true);
            }
            heard += 1;
            match self.reader.next(&mut self.incoming) {
                Ok(Some(incoming)) => {
                    self.patience.heard(Instant::now());
                    if let Incoming::Text(_) = incoming {
                        // What is unfinished now has only just begun.
                        self.unfinished.shrink(0);
                    }
                    self.act(incoming).await?;
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    return Err(Closing::new(error.close_code(), error.to_string()).into());
                }
            }
            if !self.is_readable {
                return Ok(false);
            }
            self.read()?;
        }
        Ok(false)
    }

    /// Reads from the socket.
    fn read(&mut self) -> Result<(), End> {
        let wanted = self
            .reader
            .wanted(&self.incoming)
            .saturating_sub(self.incoming.len());
        let room = wanted.clamp(2_048, READ_BYTES);
        let kept = self.reader.kept() + room;
        let counted = self.unfinished.grow(&self.waiting, &self.taker, kept);
        counted.map_err(|Full| {
            let reason = "too many messages are on their way";
            Closing::new(CloseCode::TRY_LATER, reason)
        })?;
        self.incoming.reserve(room);
        match self.stream.0.try_read_buf(&mut self.incoming) {
            Ok(0) => return Err(End::Gone),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.is_readable = false;
                // A waiting connection keeps the first bytes of a frame, and not the buffer of the
                // frame before.
                self.incoming = BytesMut::from(&self.incoming[..]);
                self.unfinished.shrink(self.reader.kept());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn act(&mut self, incoming: Incoming) -> Result<(), End> {
        match incoming {
            Incoming::Text(text) => match self.speech {
                Speech::Plain(room) => {
                    let acted = self.act_plain(room, &text);
                    acted.inspect_err(|_| self.app.metrics().refusals.increment(1))?;
                }
                Speech::Full(room) => self.act_full(room, &text).await?,
            },
            Incoming::Ping(payload) => {
                self.count_waste()?;
                self.outgoing.push(pong_frame(&payload));
            }
            // The answers to the server's pings are far within the limit.
            Incoming::Pong => self.count_waste()?,
            Incoming::Binary(_) => {
                return Err(Closing::new(
                    CloseCode::UNSUPPORTED,
                    "binary messages aren't accepted",
                )
                .into());
            }
            Incoming::Close(frame) => {
                return Err(End::Echo(
                    frame.map_or(CloseCode::NORMAL, |frame| frame.code),
                ));
            }
        }
        Ok(())
    }
}
