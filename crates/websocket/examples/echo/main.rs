//! A WebSocket server that echoes messages, for conformance suites: `cargo xtask conformance` runs
//! one against it.
//!
//! It listens on a free port of 127.0.0.1, which it prints, until it is killed.

mod endpoint;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use tungstenite::handshake::derive_accept_key;

use endpoint::Endpoint;

/// How long the client has to close.
const FAREWELL: Duration = Duration::from_secs(2);

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("ws://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || {
            // Some suites' clients go away in the middle.
            let _ = serve(stream);
        });
    }
    Ok(())
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut endpoint = Endpoint::new();
    shake_hands(&mut stream, &mut endpoint)?;
    loop {
        endpoint.hear();
        stream.write_all(&endpoint.outgoing)?;
        endpoint.outgoing.clear();
        if endpoint.is_closed {
            return say_farewell(&mut stream);
        }
        let (filled, room) = (
            endpoint.incoming.len(),
            endpoint.wanted().clamp(2_048, 65_536),
        );
        endpoint.incoming.resize(filled + room, 0);
        let count = stream.read(&mut endpoint.incoming[filled..])?;
        endpoint.incoming.truncate(filled + count);
        if count == 0 {
            return Ok(());
        }
    }
}

/// Reads a request's head and accepts it. What came after it belongs to the first frame.
fn shake_hands(stream: &mut TcpStream, endpoint: &mut Endpoint) -> io::Result<()> {
    let mut head = BufReader::new(stream.try_clone()?);
    let mut key = String::new();
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("sec-websocket-key") => {
                value.trim().clone_into(&mut key);
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    endpoint.incoming.extend_from_slice(head.buffer());
    let accept = derive_accept_key(key.as_bytes());
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// Ends its own side of the stream, and reads on until the client has closed, as the server does.
fn say_farewell(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(FAREWELL))?;
    while stream.read(&mut [0; 1_024])? > 0 {}
    Ok(())
}
