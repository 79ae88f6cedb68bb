//! A WebSocket as a browser opens it, through another library than Papo's.

use std::net::TcpStream;

use anyhow::{Context, Result, bail};
use papo_protocol::{ClientFrame, SUBPROTOCOL, ServerFrame};
use tungstenite::handshake::client::generate_key;
use tungstenite::http::Request;
use tungstenite::{Message, WebSocket};

use crate::{PATIENCE, client_id};

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    inner: WebSocket<TcpStream>,
    next_ref: u64,
}

/// How a socket was closed by the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The close code; 1005 when there was none, 1006 when there was no close frame.
    pub code: u16,
    /// The reason.
    pub reason: String,
}

impl Socket {
    /// Opens a socket, from a page of the same server.
    pub fn open(host: &str, path: &str, cookie: Option<&str>, is_full: bool) -> Result<Self> {
        let origin = format!("http://{host}");
        let mut headers = vec![("origin", origin.as_str())];
        headers.extend(cookie.map(|cookie| ("cookie", cookie)));
        if is_full {
            headers.push(("sec-websocket-protocol", SUBPROTOCOL));
        }
        Self::open_with(host, path, &headers)
    }

    /// Opens a socket with these headers.
    pub fn open_with(host: &str, path: &str, headers: &[(&str, &str)]) -> Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut request = Request::get(format!("ws://{host}{path}"))
            .header("host", host)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", generate_key());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match tungstenite::client(request.body(())?, stream) {
            Ok((inner, _)) => Ok(Self { inner, next_ref: 1 }),
            Err(tungstenite::HandshakeError::Failure(error)) => Err(error.into()),
            Err(tungstenite::HandshakeError::Interrupted(_)) => {
                bail!("the handshake took too long")
            }
        }
    }

    /// The status that refused a handshake.
    pub fn refusal(result: Result<Self>) -> Result<u16> {
        match result {
            Ok(_) => bail!("the handshake was accepted"),
            Err(error) => match error.downcast_ref() {
                Some(tungstenite::Error::Http(response)) => Ok(response.status().as_u16()),
                _ => Err(error),
            },
        }
    }

    /// Sends text.
    pub fn send_text(&mut self, text: &str) -> Result<()> {
        self.inner.send(Message::text(text))?;
        Ok(())
    }

    /// Sends any message.
    pub fn send_message(&mut self, message: Message) -> Result<()> {
        self.inner.send(message)?;
        Ok(())
    }

    /// Sends a frame of the full protocol.
    pub fn send(&mut self, frame: &ClientFrame) -> Result<()> {
        self.send_text(&serde_json::to_string(frame)?)
    }

    /// The next `ref`.
    pub fn reference(&mut self) -> u64 {
        self.next_ref += 1;
        self.next_ref
    }

    /// Follows a room from a snapshot, or from (epoch, seq); does not wait for the answer.
    pub fn subscribe(&mut self, room: i64, after: Option<(&str, i64)>) -> Result<u64> {
        let reference = self.reference();
        self.send(&ClientFrame::Subscribe {
            r#ref: Some(reference),
            room: Some(room),
            epoch: after.map(|(epoch, _)| epoch.to_owned()),
            after: after.map(|(_, seq)| seq),
            timestamp: None,
        })?;
        Ok(reference)
    }

    /// Posts a message under a new client id; does not wait for the answer.
    pub fn post(&mut self, room: i64, message: &str) -> Result<u64> {
        self.post_as(room, message, &client_id())
    }

    /// Posts a message under a client id; does not wait for the answer.
    pub fn post_as(&mut self, room: i64, message: &str, client_id: &str) -> Result<u64> {
        let reference = self.reference();
        self.send(&ClientFrame::Send {
            r#ref: Some(reference),
            room: Some(room),
            client_id: client_id.to_owned(),
            message: message.to_owned(),
            username: None,
        })?;
        Ok(reference)
    }

    /// The next text.
    pub fn receive_text(&mut self) -> Result<String> {
        loop {
            match self.inner.read().context("waiting for a frame")? {
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Close(frame) => bail!("closed by the server: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The next frame, whatever it is.
    pub fn receive_any(&mut self) -> Result<ServerFrame> {
        let text = self.receive_text()?;
        serde_json::from_str(&text).with_context(|| format!("in {text}"))
    }

    /// The next frame except presence, typing, and news of rooms that the socket may not follow.
    pub fn receive(&mut self) -> Result<ServerFrame> {
        self.receive_where(|frame| {
            !matches!(
                frame,
                ServerFrame::Presence { .. }
                    | ServerFrame::Typing { .. }
                    | ServerFrame::Head { .. }
                    | ServerFrame::Membership { r#ref: None, .. }
            )
        })
    }

    /// The next frame that fits; it skips others.
    pub fn receive_where(&mut self, fits: impl Fn(&ServerFrame) -> bool) -> Result<ServerFrame> {
        loop {
            let frame = self.receive_any()?;
            if fits(&frame) {
                return Ok(frame);
            }
        }
    }

    /// Waits for the acknowledgement of a request, and returns its seq. Fails on an error frame for
    /// it.
    pub fn wait_for_ack(&mut self, reference: u64) -> Result<i64> {
        let frame = self.receive_where(|frame| match frame {
            ServerFrame::Ack { r#ref, .. } | ServerFrame::Error { r#ref, .. } => {
                *r#ref == Some(reference)
            }
            _ => false,
        })?;
        match frame {
            ServerFrame::Ack { seq, .. } => Ok(seq.unwrap_or_default()),
            other => bail!("refused: {other:?}"),
        }
    }

    /// Reads until the server closes the socket. Returns how it did.
    pub fn wait_for_close(&mut self) -> Result<Closed> {
        loop {
            match self.inner.read() {
                Ok(Message::Close(Some(frame))) => {
                    let (code, reason) = (frame.code.into(), frame.reason.as_str().to_owned());
                    // Answers the close; the server has nothing more to say.
                    while self.inner.read().is_ok() {}
                    return Ok(Closed { code, reason });
                }
                Ok(Message::Close(None)) => {
                    return Ok(Closed {
                        code: 1005,
                        reason: String::new(),
                    });
                }
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if error.kind() == std::io::ErrorKind::WouldBlock =>
                {
                    bail!("the server doesn't close the socket");
                }
                Err(_) => {
                    return Ok(Closed {
                        code: 1006,
                        reason: String::new(),
                    });
                }
            }
        }
    }

    /// The stream underneath, for misbehaving clients.
    pub fn stream(&mut self) -> &mut TcpStream {
        self.inner.get_mut()
    }
}
