//! Section 5: fragmented messages.

use crate::frames::Answer::{Closed, Pong, Text};
use crate::frames::{begin, end, frame, go_on, ping, text};
use crate::{Case, case};

pub(crate) fn cases() -> Vec<Case> {
    let one_two = || Text("onetwo".into());
    let whole = || [begin("one"), end("two")];
    let with_a_ping = || [begin("one"), ping("now"), end("two")];
    let pong_first = || [Pong("now".into()), one_two()];
    // Continuations of nothing, the last of their message or not.
    let last_of_nothing = || [end("of what"), text("hello")];
    let part_of_nothing = || [go_on("of what"), text("hello")];
    let twice = |first: fn(&'static str) -> Vec<u8>| {
        let once = move || [first("of what"), begin("one"), end("two")];
        [once(), once()].concat()
    };
    vec![
        case("5.1", [frame(0x09, "one"), end("two")], [Closed(1002)]),
        case("5.2", [frame(0x0A, "one"), end("two")], [Closed(1002)]),
        case("5.3", whole(), [one_two()]),
        case("5.4", whole(), [one_two()]).in_pieces_of(9),
        case("5.5", whole(), [one_two()]).in_pieces_of(1),
        case("5.6", with_a_ping(), pong_first()),
        case("5.7", with_a_ping(), pong_first()).in_pieces_of(9),
        case("5.8", with_a_ping(), pong_first()).in_pieces_of(1),
        case("5.9", last_of_nothing(), [Closed(1002)]),
        case("5.10", last_of_nothing(), [Closed(1002)]).in_pieces_of(13),
        case("5.11", last_of_nothing(), [Closed(1002)]).in_pieces_of(1),
        case("5.12", part_of_nothing(), [Closed(1002)]),
        case("5.13", part_of_nothing(), [Closed(1002)]).in_pieces_of(13),
        case("5.14", part_of_nothing(), [Closed(1002)]).in_pieces_of(1),
        case(
            "5.15",
            [begin("one"), end("two"), go_on("three"), text("four")],
            [one_two(), Closed(1002)],
        ),
        case("5.16", twice(go_on), [Closed(1002)]),
        case("5.17", twice(end), [Closed(1002)]),
        case("5.18", [begin("one"), text("two")], [Closed(1002)]),
        interrupted("5.19"),
        interrupted("5.20").in_pieces_of(1),
    ]
}

/// Five fragments with two pings between, the first of which is answered while the rest isn't sent
/// yet.
fn interrupted(number: &str) -> Case {
    let rest = [go_on("three"), go_on("four"), ping("second"), end("five")];
    let answers = [Pong("second".into()), Text("onetwothreefourfive".into())];
    case(
        number,
        [begin("one"), go_on("two"), ping("first")],
        [Pong("first".into())],
    )
    .then(rest, answers)
}
