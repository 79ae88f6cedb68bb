//! RFC 6455, by the cases of the Autobahn test suite, without the suite: bytes in, frames out, no
//! sockets.
//!
//! The cases have the suite's numbers. They cover all of its sections 1 to 7 and 10, and some of 9;
//! 12 and 13 are about compression, which Papo doesn't offer. `cargo xtask conformance` runs the
//! suite itself, against the same endpoint of `examples/echo`. Every case is sent in pieces of
//! several sizes, down to single bytes. So variants of a case that differ only in these sizes are
//! repetitions here.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod closing;
#[path = "../../examples/echo/endpoint.rs"]
mod endpoint;
mod fragments;
mod frames;
mod single;
mod sizes;
mod texts;

use endpoint::{Endpoint, MESSAGE_BYTES};
use frames::{Answer, read_answers};

/// Sizes of the pieces that a case is sent in.
const PIECES: [usize; 5] = [usize::MAX, 997, 64, 3, 1];

/// What is sent, and what must come back.
struct Case {
    number: String,
    steps: Vec<Step>,
    pieces: Vec<usize>,
}

/// A part of a case. The suite waits for its answers before it sends more.
struct Step {
    sent: Vec<u8>,
    answers: Vec<Answer>,
}

/// A case that is sent in one go.
fn case(
    number: impl Into<String>,
    sent: impl IntoIterator<Item = Vec<u8>>,
    answers: impl IntoIterator<Item = Answer>,
) -> Case {
    let case = Case {
        number: number.into(),
        steps: Vec::new(),
        pieces: PIECES.into(),
    };
    case.then(sent, answers)
}

impl Case {
    /// What is sent after the answers so far.
    fn then(
        mut self,
        sent: impl IntoIterator<Item = Vec<u8>>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        self.steps.push(Step {
            sent: sent.into_iter().flatten().collect(),
            answers: answers.into_iter().collect(),
        });
        self
    }

    /// Sends the case in pieces of this size only, for cases that are about it or that are big.
    fn in_pieces_of(mut self, size: usize) -> Self {
        self.pieces = vec![size];
        self
    }

    fn run(mut self) {
        let is_open = !self.steps.iter().any(Step::ends_it);
        if is_open {
            let (sent, answers) = closing::goodbye();
            self = self.then(sent, answers);
        }
        for &size in &self.pieces {
            let mut endpoint = Endpoint::new();
            for step in &self.steps {
                for piece in step.sent.chunks(size) {
                    endpoint.incoming.extend_from_slice(piece);
                    endpoint.hear();
                    assert!(endpoint.wanted() <= MESSAGE_BYTES);
                }
                let answers = read_answers(&std::mem::take(&mut endpoint.outgoing));
                assert!(
                    answers == step.answers,
                    "case {} in pieces of {size}: {answers:?} instead of {:?}",
                    self.number,
                    step.answers
                );
                assert_eq!(endpoint.is_closed, step.ends_it(), "case {}", self.number);
                if endpoint.is_closed {
                    break;
                }
            }
        }
    }
}

impl Step {
    fn ends_it(&self) -> bool {
        matches!(self.answers.last(), Some(Answer::Closed(_)))
    }
}

/// Runs a section's cases, and checks their number.
fn run(cases: Vec<Case>, count: usize) {
    let mut numbers: Vec<_> = cases.iter().map(|case| case.number.clone()).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "a case is missing or there twice");
    assert_eq!(cases.len(), count);
    for case in cases {
        case.run();
    }
}

#[test]
fn section_1_messages_of_all_lengths_come_back() {
    run(single::lengths(), 16);
}

#[test]
fn section_2_pings_are_answered_and_pongs_are_not() {
    run(single::pings(), 11);
}

#[test]
fn section_3_reserved_bits_are_refused() {
    run(single::reserved_bits(), 7);
}

#[test]
fn section_4_unknown_opcodes_are_refused() {
    run(single::opcodes(), 10);
}

#[test]
fn section_5_fragments_are_put_together() {
    run(fragments::cases(), 20);
}

#[test]
fn section_6_texts_are_utf_8_and_the_first_wrong_byte_is_refused() {
    run(texts::cases(), 145);
}

#[test]
fn section_7_the_closing_handshake_is_kept_and_its_codes_are_checked() {
    run(closing::cases(), 37);
}

#[test]
fn section_9_megabytes_come_back_however_they_are_sent() {
    run(sizes::cases(), 18);
}

#[test]
fn section_10_a_message_in_many_frames_comes_back() {
    run(sizes::automatic_fragments(), 1);
}

#[test]
fn what_the_suite_leaves_out() {
    run(single::beyond(), 10);
}
