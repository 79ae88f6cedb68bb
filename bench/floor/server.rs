//! The loop: accept, read, write to everybody.

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::Result;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use crate::Options;
use crate::client::{Client, Post};
use crate::frame;

const LISTENER: Token = Token(usize::MAX);
const EVENTS: usize = 1_024;
const SCRATCH: usize = 256 * 1_024;

/// The listening socket and all clients.
pub(crate) struct Server {
    options: Options,
    poll: Poll,
    listener: TcpListener,
    /// By token; a place is empty when its client has gone.
    clients: Vec<Option<Client>>,
    scratch: Vec<u8>,
    seq: u64,
}

impl Server {
    /// Listens on a free port of this machine.
    pub(crate) fn new(options: Options) -> Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            options,
            poll,
            listener,
            clients: Vec::new(),
            scratch: vec![0; SCRATCH],
            seq: 0,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until it is killed.
    pub(crate) fn run(&mut self) -> Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut posts = Vec::new();
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            let mut joined = Vec::new();
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                let index = event.token().0;
                self.serve(index, event.is_readable(), event.is_writable(), &mut posts);
                for post in posts.drain(..) {
                    self.give(index, &post, &mut joined);
                }
            }
            if !joined.is_empty() {
                self.write_to_everybody(&joined);
            }
        }
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    let token = Token(self.clients.len());
                    self.clients
                        .push(Some(Client::new(stream, self.poll.registry(), token)?));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn serve(&mut self, index: usize, is_readable: bool, is_writable: bool, posts: &mut Vec<Post>) {
        let Some(place) = self.clients.get_mut(index) else {
            return;
        };
        let Some(client) = place else { return };
        let is_flushed = !is_writable || client.connection.flush().is_ok();
        let is_there = !is_readable || client.read(&mut self.scratch, posts).unwrap_or(false);
        if !(is_flushed && is_there) {
            *place = None;
        }
    }

    /// Gives a post to everybody, at once or at the end of the round.
    fn give(&mut self, sender: usize, post: &Post, joined: &mut Vec<u8>) {
        self.seq += 1;
        if self.options.ack
            && let Some(Some(client)) = self.clients.get_mut(sender)
        {
            // The next read of its socket finds a client that is gone.
            let _ = client
                .connection
                .write(&frame::ack(self.seq, post.reference.as_deref()));
        }
        let bytes = frame::message(self.seq, &post.message, post.client_id.as_deref());
        if self.options.join {
            joined.extend(bytes);
        } else {
            self.write_to_everybody(&bytes);
        }
    }

    fn write_to_everybody(&mut self, bytes: &[u8]) {
        for client in self
            .clients
            .iter_mut()
            .flatten()
            .filter(|client| client.is_socket)
        {
            let _ = client.connection.write(bytes);
        }
    }
}
