//! Sections 1 to 4, about single frames, and what no case of the suite asks.

use crate::frames::Answer::{Binary, Closed, Pong, Text};
use crate::frames::{begin, binary, close, frame, head, ping, pong, text};
use crate::{Case, case};

/// Lengths at both sides of each of the three ways to write one.
const LENGTHS: [usize; 7] = [0, 125, 126, 127, 128, 65_535, 65_536];
const HELLO: &[u8] = b"Hello, world!";

pub(crate) fn lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, length) in (1..).zip(LENGTHS) {
        let (stars, bytes) = (vec![b'*'; length], vec![0xFE; length]);
        let number = |kind| format!("1.{kind}.{number}");
        cases.push(case(number(1), [text(&stars)], [Text(stars)]));
        cases.push(case(number(2), [binary(&bytes)], [Binary(bytes)]));
    }
    let (stars, bytes) = (vec![b'*'; 65_536], vec![0xFE; 65_536]);
    cases.push(case("1.1.8", [text(&stars)], [Text(stars)]).in_pieces_of(997));
    cases.push(case("1.2.8", [binary(&bytes)], [Binary(bytes)]).in_pieces_of(997));
    cases
}

pub(crate) fn pings() -> Vec<Case> {
    let (longest, too_long) = ([0xFE; 125], [0xFE; 126]);
    let not_utf8 = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff";
    let ten = || (0..10).map(|number| format!("payload-{number}").into_bytes());
    let all_sent = || ten().map(ping);
    let all_answered = || ten().map(Pong);
    vec![
        case("2.1", [ping("")], [Pong("".into())]),
        case("2.2", [ping(HELLO)], [Pong(HELLO.into())]),
        case("2.3", [ping(not_utf8)], [Pong(not_utf8.into())]),
        case("2.4", [ping(longest)], [Pong(longest.into())]),
        case("2.5", [ping(too_long)], [Closed(1002)]),
        case("2.6", [ping(longest)], [Pong(longest.into())]).in_pieces_of(1),
        case("2.7", [pong("")], []),
        case("2.8", [pong("unasked")], []),
        case(
            "2.9",
            [pong("unasked"), ping("asked")],
            [Pong("asked".into())],
        ),
        case("2.10", all_sent(), all_answered()),
        case("2.11", all_sent(), all_answered()).in_pieces_of(1),
    ]
}

pub(crate) fn reserved_bits() -> Vec<Case> {
    // A message, a frame with reserved bits, a ping: the message is answered, the ping isn't.
    let after_a_text = |number, first| {
        let sent = [text(HELLO), frame(first, HELLO), ping("")];
        case(number, sent, [Text(HELLO.into()), Closed(1002)])
    };
    vec![
        case("3.1", [frame(0x80 | 0x10 | 0x1, HELLO)], [Closed(1002)]),
        after_a_text("3.2", 0x80 | 0x20 | 0x1),
        after_a_text("3.3", 0x80 | 0x30 | 0x1),
        after_a_text("3.4", 0x80 | 0x40 | 0x1).in_pieces_of(1),
        case("3.5", [frame(0x80 | 0x50 | 0x2, HELLO)], [Closed(1002)]),
        case("3.6", [frame(0x80 | 0x60 | 0x9, HELLO)], [Closed(1002)]),
        case("3.7", [frame(0x80 | 0x70 | 0x8, HELLO)], [Closed(1002)]),
    ]
}

pub(crate) fn opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, opcodes) in [(1, 0x3..=0x7), (2, 0xB..=0xF)] {
        for (index, opcode) in (1..).zip(opcodes) {
            let payload = if index % 2 == 0 { HELLO } else { b"" };
            let unknown = frame(0x80 | opcode, payload);
            let number = format!("4.{kind}.{index}");
            cases.push(if index <= 2 {
                case(number, [unknown], [Closed(1002)])
            } else {
                let sent = [text(HELLO), unknown, ping("")];
                case(number, sent, [Text(HELLO.into()), Closed(1002)])
            });
        }
    }
    cases
}

/// What RFC 6455 says, and the suite doesn't ask.
pub(crate) fn beyond() -> Vec<Case> {
    let mut highest_bit = vec![0x82, 0xFF];
    highest_bit.extend((1_u64 << 63).to_be_bytes());
    let mut long_form = vec![0x82, 0xFF];
    long_form.extend(65_535_u64.to_be_bytes());
    let too_big = 16 * 1024 * 1024 + 1;
    let nearly = vec![b'a'; 16 * 1024 * 1024];
    vec![
        case("unmasked text", [b"\x81\x01a".to_vec()], [Closed(1002)]),
        case("unmasked ping", [b"\x89\x00".to_vec()], [Closed(1002)]),
        case("unmasked close", [b"\x88\x00".to_vec()], [Closed(1002)]),
        case("a length of 64 bits", [highest_bit], [Closed(1002)]),
        case(
            "too big, by its head",
            [head(0x81, too_big)],
            [Closed(1009)],
        ),
        case(
            "too big, by its sum",
            [begin(nearly), head(0x80, 1)],
            [Closed(1009)],
        )
        .in_pieces_of(65_536),
        case(
            "16 bits for 125 bytes",
            [b"\x81\xfe\x00\x7d".to_vec()],
            [Closed(1002)],
        ),
        case("64 bits for 65,535 bytes", [long_form], [Closed(1002)]),
        case(
            "a text when nothing was said",
            [text("")],
            [Text("".into())],
        ),
        case(
            "codes that were registered later",
            [close(1014, "")],
            [Closed(1014)],
        ),
    ]
}
