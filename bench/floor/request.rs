//! The HTTP that comes before a socket: joining, and the handshake.

use data_encoding::BASE64;
use memchr::memmem;
use sha1::{Digest, Sha1};

/// The text that RFC 6455 §1.3 hashes with the client's key.
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const JOINED: &str = "HTTP/1.1 303 See Other\r\nLocation: /room/1/\r\nSet-Cookie: papo_session=floor; Path=/\r\n\
                      Content-Length: 0\r\n\r\n";

/// A request's answer.
pub(crate) struct Answer {
    /// What to write.
    pub(crate) bytes: Vec<u8>,
    /// How long the request was.
    pub(crate) length: usize,
    /// Whether the connection is a WebSocket from here on.
    pub(crate) is_socket: bool,
}

/// Answers the request at the front, if it is complete: a handshake with a socket, everything else
/// as if it were joining.
pub(crate) fn answer(bytes: &[u8]) -> Option<Answer> {
    let end = memmem::find(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let header = |wanted: &str| {
        let mut headers = head.split("\r\n").filter_map(|line| line.split_once(": "));
        headers
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    let body: usize = header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let length = end + 4 + body;
    if bytes.len() < length {
        return None;
    }
    Some(match header("sec-websocket-key") {
        Some(key) => {
            let has_protocol = header("sec-websocket-protocol").is_some();
            Answer {
                bytes: switching(key, has_protocol).into_bytes(),
                length,
                is_socket: true,
            }
        }
        None => Answer {
            bytes: JOINED.into(),
            length,
            is_socket: false,
        },
    })
}

fn switching(key: &str, has_protocol: bool) -> String {
    let accept = BASE64.encode(&Sha1::new().chain_update(key).chain_update(MAGIC).finalize());
    let protocol = if has_protocol {
        "Sec-WebSocket-Protocol: papo.v1\r\n"
    } else {
        ""
    };
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{protocol}\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_answered_as_there() {
        let text = switching("dGhlIHNhbXBsZSBub25jZQ==", false);
        assert!(text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn joining_is_answered_when_its_body_is_there() {
        let request = b"POST /room/1/join/ HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
        assert!(answer(&request[..request.len() - 1]).is_none());
        assert!(
            answer(request)
                .is_some_and(|answer| answer.length == request.len() && !answer.is_socket)
        );
    }
}
