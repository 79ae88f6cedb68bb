//! One non-blocking TCP connection, for the generator and for the floor.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

/// A connection that epoll watches, edge-triggered: one `read` or `write` a message when nothing is
/// in the way.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// The beginning of an incomplete item.
    unread: Vec<u8>,
    /// What the socket didn't take.
    unwritten: Vec<u8>,
}

impl Connection {
    /// Registers a stream with epoll.
    pub fn new(mut stream: TcpStream, registry: &Registry, token: Token) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            unread: Vec::new(),
            unwritten: Vec::new(),
        })
    }

    /// Reads all that has come. `take` gets the bytes that it hasn't taken, and returns how many it
    /// takes now. Connections share `scratch`. Returns whether the other side is still there.
    pub fn read(
        &mut self,
        scratch: &mut [u8],
        mut take: impl FnMut(&[u8]) -> usize,
    ) -> io::Result<bool> {
        loop {
            let start = self.unread.len();
            if start == scratch.len() {
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    "a message is too long",
                ));
            }
            let count = match self.stream.read(&mut scratch[start..]) {
                Ok(0) => return Ok(false),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            scratch[..start].copy_from_slice(&self.unread);
            let bytes = &scratch[..start + count];
            let taken = take(bytes);
            self.unread.clear();
            self.unread.extend_from_slice(&bytes[taken..]);
            if start + count < scratch.len() {
                // A short read has emptied the socket. epoll reports more.
                return Ok(true);
            }
        }
    }

    /// Writes; what the socket doesn't take now waits.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.unwritten.is_empty() {
            self.unwritten.extend_from_slice(bytes);
            return Ok(());
        }
        let count = written(self.stream.write(bytes))?;
        self.unwritten.extend_from_slice(&bytes[count..]);
        Ok(())
    }

    /// Writes what waits, because the socket takes more.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.unwritten.is_empty() {
            let count = written(self.stream.write(&self.unwritten))?;
            self.unwritten.drain(..count);
        }
        Ok(())
    }
}

fn written(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(0)
        }
        other => other,
    }
}
