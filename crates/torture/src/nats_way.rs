//! A connection from a node to NATS that loses, doubles and swaps single messages, or moves nothing
//! at all. It understands just enough of NATS's protocol: lines, and after some of them a payload.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::random::Random;

/// Percent of the messages that are lost, that are doubled, and that come after the next one.
const EACH: u64 = 20;

/// The state of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Good,
    /// Messages are lost, doubled and swapped.
    Bad,
    /// Nothing moves, and nobody learns of it.
    Cut,
}

/// Counts of faults on bad ways.
#[derive(Debug, Default)]
pub(crate) struct Mishaps {
    pub(crate) lost: AtomicUsize,
    pub(crate) doubled: AtomicUsize,
    pub(crate) swapped: AtomicUsize,
}

/// A way, until it is dropped.
pub(crate) struct NatsWay {
    pub(crate) address: SocketAddr,
    way: watch::Sender<Way>,
    _tasks: JoinSet<()>,
}

/// One direction of a connection.
struct Direction {
    way: watch::Receiver<Way>,
    random: Random,
    mishaps: Arc<Mishaps>,
    /// Comes after the next one.
    held: Option<Bytes>,
}

/// A line of the protocol, with its payload if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    bytes: Bytes,
    is_message: bool,
}

impl NatsWay {
    /// A good way to this server.
    pub(crate) async fn start(to: SocketAddr, seed: u64, mishaps: Arc<Mishaps>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (way, of_connections) = watch::channel(Way::Good);
        let mut random = Random::new(seed);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((node, _)) = listener.accept().await {
                let mut direction = || Direction {
                    way: of_connections.clone(),
                    random: Random::new(random.number()),
                    mishaps: Arc::clone(&mishaps),
                    held: None,
                };
                let directions = (direction(), direction());
                connections.spawn(carry(node, to, directions));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            address,
            way,
            _tasks: tasks,
        })
    }

    /// Sets its state from now on.
    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

/// Carries until one side ends.
async fn carry(mut node: TcpStream, to: SocketAddr, directions: (Direction, Direction)) {
    let (there, back) = directions;
    // If NATS is away, so is the node for it.
    if let Ok(mut nats) = TcpStream::connect(to).await {
        let (from_node, to_node) = node.split();
        let (from_nats, to_nats) = nats.split();
        tokio::select! {
            _ = there.carry(from_node, to_nats) => {}
            _ = back.carry(from_nats, to_node) => {}
        }
    }
}

impl Direction {
    async fn carry(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> Result<()> {
        let mut incoming = BytesMut::new();
        let mut outgoing = Vec::new();
        while from.read_buf(&mut incoming).await? > 0 {
            let way = *self.way.wait_for(|way| *way != Way::Cut).await?;
            while let Some(piece) = take_piece(&mut incoming)? {
                self.pass(piece, way, &mut outgoing);
            }
            to.write_all(&outgoing).await?;
            outgoing.clear();
        }
        Ok(())
    }

    fn pass(&mut self, piece: Piece, way: Way, out: &mut Vec<u8>) {
        let held = self.held.take();
        let Piece { bytes, is_message } = piece;
        let chance = if way == Way::Bad && is_message {
            self.random.below(100) / EACH
        } else {
            u64::MAX
        };
        let count = |count: &AtomicUsize| count.fetch_add(1, Ordering::Relaxed);
        match chance {
            0 => {
                count(&self.mishaps.lost);
            }
            1 => {
                count(&self.mishaps.doubled);
                out.extend_from_slice(&bytes);
                out.extend_from_slice(&bytes);
            }
            2 if held.is_none() => {
                count(&self.mishaps.swapped);
                self.held = Some(bytes);
            }
            _ => out.extend_from_slice(&bytes),
        }
        out.extend(held.into_iter().flatten());
    }
}

/// The next piece, if it has come as a whole.
fn take_piece(incoming: &mut BytesMut) -> Result<Option<Piece>> {
    let Some(line) = incoming.windows(2).position(|bytes| bytes == b"\r\n") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&incoming[..line]);
    let mut words = text.split_ascii_whitespace();
    let is_message = words
        .next()
        .is_some_and(|word| ["PUB", "HPUB", "MSG", "HMSG"].contains(&word));
    let mut length = line + 2;
    if is_message {
        let payload: usize = words.last().context("a size")?.parse()?;
        length += payload + 2;
    }
    if incoming.len() < length {
        return Ok(None);
    }
    let bytes = incoming.split_to(length).freeze();
    Ok(Some(Piece { bytes, is_message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_piece_with_its_payload() {
        let text = "INFO {\"a\":1}\r\nMSG papo.all 1 7\r\nA\r\nB\r\nC\r\nPING\r\nHPUB x 2 5\r\nab";
        let mut incoming = BytesMut::from(text);
        let mut pieces = Vec::new();
        while let Some(piece) = take_piece(&mut incoming).unwrap() {
            pieces.push((
                String::from_utf8(piece.bytes.to_vec()).unwrap(),
                piece.is_message,
            ));
        }
        let expected = [
            ("INFO {\"a\":1}\r\n".to_owned(), false),
            ("MSG papo.all 1 7\r\nA\r\nB\r\nC\r\n".to_owned(), true),
            ("PING\r\n".to_owned(), false),
        ];
        assert_eq!(pieces, expected);
        assert_eq!(&incoming[..], b"HPUB x 2 5\r\nab");
    }

    #[test]
    fn a_bad_way_loses_doubles_and_swaps_and_a_good_one_nothing() {
        let mishaps = Arc::new(Mishaps::default());
        let mut direction = Direction {
            way: watch::channel(Way::Good).1,
            random: Random::new(1),
            mishaps: Arc::clone(&mishaps),
            held: None,
        };
        let mut pass = |way| {
            let mut out = Vec::new();
            for number in 0..100_u8 {
                let piece = Piece {
                    bytes: Bytes::from(vec![number]),
                    is_message: true,
                };
                direction.pass(piece, way, &mut out);
            }
            out
        };
        let all: Vec<u8> = (0..100).collect();
        assert_eq!(pass(Way::Good), all);
        let out = pass(Way::Bad);
        assert!(!out.is_sorted());
        let (lost, doubled) = (&mishaps.lost, &mishaps.doubled);
        let missing = all.iter().filter(|number| !out.contains(number)).count();
        let held = usize::from(direction.held.is_some());
        assert_eq!(missing, lost.load(Ordering::Relaxed) + held);
        assert!(doubled.load(Ordering::Relaxed) > 5);
    }
}
