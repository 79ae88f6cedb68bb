//! One connection: HTTP first, then frames.

use std::io;

use mio::net::TcpStream;
use mio::{Registry, Token};
use papo_bench::connection::Connection;
use papo_bench::frames::{CLOSE, Frame, TEXT};

use crate::frame::{Asked, ask, snapshot};
use crate::request::answer;

/// A post for everybody.
pub(crate) struct Post {
    pub(crate) message: String,
    pub(crate) client_id: Option<String>,
    pub(crate) reference: Option<String>,
}

/// A connected client.
pub(crate) struct Client {
    pub(crate) connection: Connection,
    pub(crate) is_socket: bool,
}

impl Client {
    pub(crate) fn new(stream: TcpStream, registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self {
            connection: Connection::new(stream, registry, token)?,
            is_socket: false,
        })
    }

    /// Reads what has come, and answers what concerns only this client. Returns whether the client
    /// is still there.
    pub(crate) fn read(&mut self, scratch: &mut [u8], posts: &mut Vec<Post>) -> io::Result<bool> {
        let Self {
            connection,
            is_socket,
        } = self;
        let mut answers = Vec::new();
        let mut is_closed = false;
        let is_there = connection.read(scratch, |bytes| {
            let mut at = 0;
            while !*is_socket && let Some(answer) = answer(&bytes[at..]) {
                at += answer.length;
                answers.extend(answer.bytes);
                *is_socket = answer.is_socket;
            }
            while *is_socket && let Some(frame) = Frame::first(&bytes[at..]) {
                at += frame.length;
                is_closed |= frame.opcode == CLOSE;
                if frame.opcode == TEXT {
                    match ask(&frame.content()) {
                        Asked::Subscribe => answers.extend(snapshot()),
                        Asked::Post {
                            message,
                            client_id,
                            reference,
                        } => {
                            posts.push(Post {
                                message,
                                client_id,
                                reference,
                            });
                        }
                        Asked::Nothing => {}
                    }
                }
            }
            at
        })?;
        if !answers.is_empty() {
            connection.write(&answers)?;
        }
        Ok(is_there && !is_closed)
    }
}
