//! The generator's requests, and the little that it reads of the answers.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use memchr::memmem;

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// `name=value` of the session's cookie, when it sets one.
    pub(crate) cookie: Option<String>,
    /// How many bytes follow.
    pub(crate) body: usize,
    /// How many bytes the head itself has.
    pub(crate) length: usize,
}

impl Head {
    /// The head at the front of some bytes, when it is whole.
    pub(crate) fn first(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes[..end])?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .context("a status")?
            .parse()?;
        let mut head = Self {
            status,
            cookie: None,
            body: 0,
            length: end + 4,
        };
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.body = value.parse()?,
                "transfer-encoding" => bail!("an answer in chunks"),
                "set-cookie" if value.contains("papo_session=") => {
                    head.cookie = value.split(';').next().map(str::to_owned);
                }
                _ => {}
            }
        }
        Ok(Some(head))
    }
}

/// Asks for a page.
pub(crate) fn get(address: SocketAddr, path: &str, cookie: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nAccept-Language: en\r\n\
         Sec-Fetch-Site: same-origin\r\n\r\n"
    )
}

/// Joins a room.
pub(crate) fn join(
    address: SocketAddr,
    room: usize,
    username: &str,
    cookie: Option<&str>,
) -> String {
    let cookie = cookie
        .map(|cookie| format!("Cookie: {cookie}\r\n"))
        .unwrap_or_default();
    let form = format!("username={username}");
    let length = form.len();
    format!(
        "POST /room/{room}/join/ HTTP/1.1\r\nHost: {address}\r\n{cookie}Sec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
}

/// Opens a socket.
pub(crate) fn upgrade(address: SocketAddr, path: &str, cookie: &str, is_plain: bool) -> String {
    let protocol = if is_plain {
        ""
    } else {
        "Sec-WebSocket-Protocol: papo.v1\r\n"
    };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 303 See Other\r\nSet-Cookie: papo_session=abc; Path=/\r\nContent-Length: 2\r\n\r\nok";
        assert_eq!(Head::first(&answer[..40]).unwrap(), None);
        let head = Head::first(answer).unwrap().unwrap();
        assert_eq!(
            (head.status, head.body, head.length),
            (303, 2, answer.len() - 2)
        );
        assert_eq!(head.cookie.as_deref(), Some("papo_session=abc"));
    }
}
