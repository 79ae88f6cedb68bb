//! Sections 9 and 10: big messages, many messages, many frames. Nothing is timed, but work that
//! grows faster than what is sent would take minutes.

use crate::frames::Answer::{Binary, Text};
use crate::frames::{binary, fragmented, text};
use crate::{Case, case};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let in_kernel_pieces = |case: Case| case.in_pieces_of(64 * KIB);
    for (index, length) in [(1, 64 * KIB), (3, MIB), (6, 16 * MIB)] {
        let content = pattern(length);
        let number = format!("9.1.{index}");
        let whole = case(number, [text(&content)], [Text(content)]);
        cases.push(in_kernel_pieces(whole));
    }
    let content = pattern(MIB);
    let whole = case("9.2.3", [binary(&content)], [Binary(content)]);
    cases.push(in_kernel_pieces(whole));
    let content = pattern(4 * MIB);
    for (index, size) in [(1, 64), (5, 16 * KIB)] {
        let sent = fragmented(0x1, &content, size);
        let fragments = case(format!("9.3.{index}"), [sent], [Text(content.clone())]);
        cases.push(in_kernel_pieces(fragments));
    }
    let sent = fragmented(0x2, &content, 64);
    let fragments = case("9.4.1", [sent], [Binary(content)]);
    cases.push(in_kernel_pieces(fragments));
    let content = pattern(MIB);
    for (index, size) in [(1, 64), (6, 2 * KIB)] {
        let sent = case(
            format!("9.5.{index}"),
            [text(&content)],
            [Text(content.clone())],
        );
        cases.push(sent.in_pieces_of(size));
    }
    let sent = case("9.6.1", [binary(&content)], [Binary(content)]);
    cases.push(sent.in_pieces_of(64));
    for (index, length) in (1..).zip([0, 16, 64, 256, 1_024, 4_096]) {
        let content = pattern(length);
        let mut many = case(format!("9.7.{index}"), [], []);
        for _ in 0..1_000 {
            many = many.then([text(&content)], [Text(content.clone())]);
        }
        cases.push(in_kernel_pieces(many));
    }
    let content = [0xFE; 64];
    let mut many = case("9.8.3", [], []);
    for _ in 0..1_000 {
        many = many.then([binary(content)], [Binary(content.into())]);
    }
    cases.push(in_kernel_pieces(many));
    // A text of two-byte characters whose fragments all end in the middle of one.
    let content = "é".repeat(2 * MIB).into_bytes();
    let sent = fragmented(0x1, &content, 63);
    let split = case("9.3, split characters", [sent], [Text(content)]);
    cases.push(in_kernel_pieces(split));
    cases
}

pub(crate) fn automatic_fragments() -> Vec<Case> {
    let content = pattern(64 * KIB);
    let sent = fragmented(0x1, &content, 1_300);
    vec![case("10.1.1", [sent], [Text(content)])]
}

/// So many letters, in an order in which none can be lost or moved without a difference.
fn pattern(length: usize) -> Vec<u8> {
    (b'!'..=b'~').cycle().take(length).collect()
}
