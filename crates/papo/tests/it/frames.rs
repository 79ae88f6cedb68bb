//! RFC 6455's frames on a real socket: close codes, and an orderly close.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use papo_testing::{Guest, Socket};

use super::start;

/// A frame with a zero mask, whose payload is as given.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let mut bytes = match length {
        0..=125 => vec![first, 0x80 | payload.len().to_be_bytes()[7]],
        _ => [&[first, 0xFE], &length.to_be_bytes()[..]].concat(),
    };
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// A frame's first bytes, with a length of 64 bits.
fn head(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first, 0xFF];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// Sends bytes, and reads until the server has closed. Returns the code of its close frame, which
/// must be all it sent.
fn closed_with(mut socket: Socket, bytes: &[u8]) -> u16 {
    let stream = socket.stream();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let [0x88, length, high, low, ref reason @ ..] = answer[..] else {
        panic!("{answer:?} is no close frame");
    };
    assert_eq!(usize::from(length), 2 + reason.len(), "nothing comes after");
    std::str::from_utf8(reason).unwrap();
    u16::from_be_bytes([high, low])
}

#[test]
fn each_broken_rule_closes_with_its_code() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let text = br#"{"message":"a"}"#;
    let unfinished = [frame(0x01, text), frame(0x81, text)].concat();
    // Half of a frame is enough: nothing that follows can make it right.
    let half = &frame(0x81, b"\xce\xba\xf4\x90\x80\x80 and so on")[..10];
    let cases: [(&str, &[u8], u16); 25] = [
        ("an unmasked text", b"\x81\x01a", 1002),
        ("an unmasked ping", b"\x89\x00", 1002),
        ("an unmasked close", b"\x88\x00", 1002),
        ("the first reserved bit", &frame(0xC1, text), 1002),
        ("the second reserved bit", &frame(0xA1, text), 1002),
        ("the third reserved bit", &frame(0x91, text), 1002),
        ("a reserved bit of a ping", &frame(0xC9, b""), 1002),
        ("opcode 3", &frame(0x83, text), 1002),
        ("opcode 11", &frame(0x8B, text), 1002),
        ("a continuation of nothing", &frame(0x80, text), 1002),
        ("a message within a message", &unfinished, 1002),
        ("a ping in fragments", &frame(0x09, b"a"), 1002),
        ("a ping of 126 bytes", &frame(0x89, &[b'a'; 126]), 1002),
        ("a length of 64 bits", &head(0x81, 1 << 63), 1002),
        ("a length in too long a form", &head(0x81, 1_000), 1002),
        ("a close frame of one byte", &frame(0x88, b"\x03"), 1002),
        ("a code that isn't sent", &frame(0x88, b"\x03\xed"), 1002),
        (
            "a reason that isn't UTF-8",
            &frame(0x88, b"\x03\xe8\xff"),
            1007,
        ),
        ("a text that isn't UTF-8", &frame(0x81, b"\xff"), 1007),
        ("a text that can't become UTF-8", half, 1007),
        ("a gigabyte", &head(0x81, 1 << 30), 1009),
        ("a byte over the limit", &head(0x81, (64 << 10) + 1), 1009),
        ("the head of a binary message", &head(0x82, 1 << 16), 1003),
        ("a close with a code", &frame(0x88, b"\x0f\xa0bye"), 4000),
        ("a close without", &frame(0x88, b""), 1000),
    ];
    for (what, bytes, code) in cases {
        let socket = guest.plain_socket(1).unwrap();
        assert_eq!(closed_with(socket, bytes), code, "{what}");
    }
}

#[test]
fn fragments_without_end_are_refused_when_they_are_too_much() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let mut bytes = frame(0x01, &[b'a'; 1_000]);
    for _ in 0..500 {
        bytes.extend(frame(0x00, &[b'a'; 1_000]));
    }
    assert_eq!(closed_with(guest.plain_socket(1).unwrap(), &bytes), 1009);
}

#[test]
fn who_sends_nothing_without_end_keeps_nobody_waiting() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let sockets: Vec<_> = (0..16).map(|_| guest.plain_socket(1).unwrap()).collect();
    let mut hers = Guest::joined(&server, 1, "Bia").unwrap().socket(1).unwrap();
    hers.subscribe(1, None).unwrap();
    // Pongs, and empty fragments of an endless message. Neither needs an answer.
    let floods = [0x8A, 0x00].map(|first| frame(first, b"").repeat(20_000));
    let is_over = AtomicBool::new(false);
    let mut talk = || -> anyhow::Result<()> {
        for number in 0..20 {
            let reference = hers.post(1, &number.to_string())?;
            hers.wait_for_ack(reference)?;
        }
        Ok(())
    };
    let talked = std::thread::scope(|scope| {
        for (mut socket, flood) in sockets.into_iter().zip(floods.iter().cycle()) {
            let is_over = &is_over;
            scope.spawn(move || {
                let stream = socket.stream();
                stream.write_all(&frame(0x01, b"")).unwrap();
                while !is_over.load(Ordering::Relaxed) && stream.write_all(flood).is_ok() {}
            });
        }
        let talked = talk();
        is_over.store(true, Ordering::Relaxed);
        talked
    });
    talked.unwrap();
}
