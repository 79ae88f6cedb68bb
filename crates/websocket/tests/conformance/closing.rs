//! Section 7: the closing handshake.

use crate::frames::Answer::{self, Closed, Text};
use crate::frames::{begin, close, end, frame, ping, text};
use crate::{Case, case};

/// How a client ends a conversation in which all went well.
pub(crate) fn goodbye() -> ([Vec<u8>; 1], [Answer; 1]) {
    ([close(1000, "")], [Closed(1000)])
}

pub(crate) fn cases() -> Vec<Case> {
    let normal = || close(1000, "");
    let big = vec![b'a'; 256 * 1024];
    let not_utf8 = b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80edited";
    let mut cases = vec![
        case(
            "7.1.1",
            [text("hello"), normal()],
            [Text("hello".into()), Closed(1000)],
        ),
        case("7.1.2", [normal(), frame(0x88, "")], [Closed(1000)]),
        case("7.1.3", [normal(), ping("")], [Closed(1000)]),
        case("7.1.4", [normal(), text("hello")], [Closed(1000)]),
        case(
            "7.1.5",
            [begin("one"), normal(), end("two")],
            [Closed(1000)],
        ),
        case(
            "7.1.6",
            [text(&big), text("hello"), normal(), ping("")],
            [Text(big), Text("hello".into()), Closed(1000)],
        )
        .in_pieces_of(997),
        case("7.3.1", [frame(0x88, "")], [Closed(1000)]),
        case("7.3.2", [frame(0x88, "a")], [Closed(1002)]),
        case("7.3.3", [normal()], [Closed(1000)]),
        case("7.3.4", [close(1000, "Hello World!")], [Closed(1000)]),
        case("7.3.5", [close(1000, "*".repeat(123))], [Closed(1000)]),
        case("7.3.6", [close(1000, "*".repeat(124))], [Closed(1002)]),
        case("7.5.1", [close(1000, not_utf8)], [Closed(1007)]),
    ];
    // What may be sent is given back; what may not, or is of no known use, is an error.
    let valid = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ];
    let invalid = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
    let undefined = [5000, 65_535];
    let mut add = |section: &str, code, answer| {
        let number = format!("7.{section}");
        cases.push(case(number, [close(code, "")], [Closed(answer)]));
    };
    for (index, code) in (1..).zip(valid) {
        add(&format!("7.{index}"), code, code);
    }
    for (index, code) in (1..).zip(invalid) {
        add(&format!("9.{index}"), code, 1002);
    }
    for (index, code) in (1..).zip(undefined) {
        add(&format!("13.{index}"), code, 1002);
    }
    cases
}
