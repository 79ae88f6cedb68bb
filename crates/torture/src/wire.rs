//! A robot's WebSocket, which can be cut in every way that a network knows.

use std::io::Cursor;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf, Bytes, BytesMut};
use papo_protocol::SUBPROTOCOL;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The mask of every frame: a robot has nothing to hide from proxies.
const MASK: [u8; 4] = [0x50, 0x61, 0x70, 0x6F];
/// The segments of a socket with a small buffer.
const SMALL_SEGMENT: u32 = 1_000;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// An open socket.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    incoming: BytesMut,
}

/// The address and the session of a socket.
#[derive(Debug, Clone)]
pub(crate) struct Door<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'a str,
    pub(crate) cookie: &'a str,
    /// The size of the kernel's receive buffer, if it should be small.
    pub(crate) receive_buffer: Option<usize>,
}

/// Something that the server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Received {
    Text(Bytes),
    /// Closed with this code; 1006 when there was no close frame.
    Closed(u16),
}

/// How a socket is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The socket is reset; the other side learns of it at once.
    Reset,
    /// The stream ends.
    Finish,
    /// The stream ends in the middle of a frame.
    MidFrame,
}

impl Wire {
    /// Connects and shakes hands.
    pub(crate) async fn open(door: &Door<'_>) -> Result<Self> {
        tokio::time::timeout(HANDSHAKE, Self::shake_hands(door))
            .await
            .context("the handshake took too long")?
    }

    async fn shake_hands(door: &Door<'_>) -> Result<Self> {
        let socket = Socket::new(
            Domain::for_address(door.address),
            Type::STREAM.nonblocking(),
            Some(Protocol::TCP),
        )?;
        if let Some(size) = door.receive_buffer {
            socket.set_recv_buffer_size(size)?;
            // The other side's send buffer grows with the size of segments.
            socket.set_tcp_mss(SMALL_SEGMENT)?;
        }
        let mut stream = TcpSocket::from_std_stream(socket.into())
            .connect(door.address)
            .await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n",
            path = door.path,
            host = door.address,
            cookie = door.cookie,
        );
        stream.write_all(request.as_bytes()).await?;
        let mut incoming = BytesMut::new();
        let head = loop {
            let end = incoming.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            if let Some(end) = end {
                break incoming.split_to(end + 4);
            }
            let read = stream.read_buf(&mut incoming).await?;
            ensure!(read > 0, "closed during the handshake");
        };
        if !head.starts_with(b"HTTP/1.1 101 ") {
            bail!(
                "the handshake was refused: {}",
                String::from_utf8_lossy(&head)
            );
        }
        Ok(Self { stream, incoming })
    }

    /// The next text, or the end. May be dropped while it waits.
    pub(crate) async fn receive(&mut self) -> Received {
        loop {
            match self.take_frame() {
                Ok(Some(received)) => return received,
                Ok(None) => {}
                Err(_) => return Received::Closed(1006),
            }
            match self.stream.read_buf(&mut self.incoming).await {
                Ok(0) | Err(_) => return Received::Closed(1006),
                Ok(_) => {}
            }
        }
    }

    fn take_frame(&mut self) -> Result<Option<Received>> {
        loop {
            let mut cursor = Cursor::new(&self.incoming[..]);
            let Some((header, length)) = FrameHeader::parse(&mut cursor)? else {
                return Ok(None);
            };
            let (start, length) = (
                usize::try_from(cursor.position())?,
                usize::try_from(length)?,
            );
            if self.incoming.len() < start + length {
                self.incoming.reserve(start + length);
                return Ok(None);
            }
            self.incoming.advance(start);
            let mut payload = self.incoming.split_to(length);
            match header.opcode {
                OpCode::Data(Data::Text) if header.is_final => {
                    return Ok(Some(Received::Text(payload.freeze())));
                }
                OpCode::Control(Control::Ping) => {
                    // These are a few bytes. Without space even for them, the next ping is
                    // answered.
                    let pong = frame(OpCode::Control(Control::Pong), &payload)?;
                    let _ = self.stream.try_write(&pong);
                }
                OpCode::Control(Control::Pong) => {}
                OpCode::Control(Control::Close) => {
                    let code = if payload.len() >= 2 {
                        payload.get_u16()
                    } else {
                        1005
                    };
                    return Ok(Some(Received::Closed(code)));
                }
                opcode => bail!("the server sent {opcode:?}"),
            }
        }
    }

    /// Sends a text.
    pub(crate) async fn send(&mut self, text: &str) -> Result<()> {
        let frame = text_frame(text)?;
        Ok(self.stream.write_all(&frame).await?)
    }

    /// Cuts the socket.
    pub(crate) async fn cut(mut self, how: Cut) {
        if how == Cut::MidFrame
            && let Ok(frame) = frame(OpCode::Data(Data::Text), b"{\"type\":\"ping\"}")
        {
            let _ = self.stream.write_all(&frame[..frame.len() / 2]).await;
        }
        if how == Cut::Reset {
            let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

/// A frame of text, as a client sends it.
pub(crate) fn text_frame(text: &str) -> Result<Vec<u8>> {
    frame(OpCode::Data(Data::Text), text.as_bytes())
}

fn frame(opcode: OpCode, payload: &[u8]) -> Result<Vec<u8>> {
    let header = FrameHeader {
        opcode,
        mask: Some(MASK),
        ..FrameHeader::default()
    };
    let length = payload.len();
    let mut bytes = Vec::with_capacity(length + 14);
    header.format(u64::try_from(length)?, &mut bytes)?;
    let masked = payload
        .iter()
        .zip(MASK.iter().cycle())
        .map(|(byte, mask)| byte ^ mask);
    bytes.extend(masked);
    Ok(bytes)
}
