//! Whatever bytes come, and in whatever pieces: the reader gives the same things, keeps to its
//! limit, and stops at the first error.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use papo_websocket::{Incoming, ProtocolError, Reader};

const LIMIT: usize = 1_000;

fn read(
    takes_binary: bool,
    pieces: impl Iterator<Item = Vec<u8>>,
) -> (Vec<Incoming>, Option<ProtocolError>) {
    let mut reader = if takes_binary {
        Reader::with_binary(LIMIT)
    } else {
        Reader::new(LIMIT)
    };
    let mut buffer = BytesMut::new();
    let mut all = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(&piece);
        loop {
            match reader.next(&mut buffer) {
                Ok(Some(incoming)) => {
                    let is_last = match &incoming {
                        Incoming::Text(text) => {
                            assert!(text.len() <= LIMIT);
                            false
                        }
                        Incoming::Binary(content) => {
                            assert!(content.len() <= LIMIT);
                            !takes_binary
                        }
                        Incoming::Close(_) => true,
                        Incoming::Ping(_) | Incoming::Pong => false,
                    };
                    all.push(incoming);
                    if is_last {
                        return (all, None);
                    }
                }
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
        // What waits is at most a header and what the reader has asked for.
        assert!(reader.wanted(&buffer) <= LIMIT + 14);
    }
    (all, None)
}

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (size, takes_binary, bytes) = input;
    let whole = read(takes_binary, std::iter::once(bytes.to_vec()));
    let pieces = bytes.chunks(usize::from(size).max(1));
    let in_pieces = read(takes_binary, pieces.map(<[u8]>::to_vec));
    assert_eq!(whole, in_pieces);
});
