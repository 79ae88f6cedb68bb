//! `papo health`: asks a running server whether it can serve people. It is for supervisors without
//! another program to ask with.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::config::Config;
use crate::instance::runtime;
use crate::serve::local_url;

/// How long asking may take.
const LIMIT: Duration = Duration::from_secs(4);
/// The most bytes of an answer's first line.
const LINE_BYTES: u64 = 200;

/// Asks the server at the URL, or the configured one. Fails unless it is ready.
pub(crate) fn run(config: &Config, url: Option<&str>) -> Result<String> {
    let url = url.map_or_else(|| local_url(config.listen), str::to_owned);
    let authority = authority(&url)?;
    let asked = async { tokio::time::timeout(LIMIT, ask(&authority)).await };
    let Ok(answer) = runtime(1)?.block_on(asked) else {
        bail!("{url} doesn't answer within {} seconds", LIMIT.as_secs());
    };
    let line = answer.with_context(|| format!("{url} doesn't answer"))?;
    match line.split(' ').nth(1) {
        Some("200") => Ok(format!("{url} is ready\n")),
        Some("503") => bail!("{url} isn't ready"),
        _ => bail!("{url} isn't papo: {line:?}"),
    }
}

/// `host:port` of a URL.
fn authority(url: &str) -> Result<String> {
    let rest = url.strip_prefix("http://");
    let rest = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let Some(authority) = rest.filter(|rest| is_authority(rest)) else {
        bail!("{url:?} is not an address such as http://127.0.0.1:8000");
    };
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let port = if has_port { "" } else { ":80" };
    Ok(format!("{authority}{port}"))
}

/// Whether a text has no character that would end its line.
fn is_authority(text: &str) -> bool {
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_[]".contains(&byte);
    !text.is_empty() && text.bytes().all(may_be)
}

/// The first line of the answer.
async fn ask(authority: &str) -> Result<String> {
    let mut stream = TcpStream::connect(authority).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = Vec::new();
    let mut answer = BufReader::new(stream.take(LINE_BYTES));
    answer.read_until(b'\n', &mut line).await?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_and_a_port() {
        for (url, expected) in [
            ("http://127.0.0.1:8000", "127.0.0.1:8000"),
            ("http://127.0.0.1:8000/", "127.0.0.1:8000"),
            ("http://papo-1", "papo-1:80"),
            ("http://[::1]", "[::1]:80"),
            ("http://[::1]:8000", "[::1]:8000"),
        ] {
            assert_eq!(authority(url).unwrap(), expected);
        }
        for url in [
            "",
            "http://",
            "127.0.0.1:8000",
            "https://papo.example.org",
            "http://papo/readyz",
            "http://papo\r\nX: y",
        ] {
            assert!(authority(url).is_err(), "{url:?}");
        }
    }
}
