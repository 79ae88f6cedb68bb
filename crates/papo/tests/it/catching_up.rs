//! Reading a log that is no longer in memory.

use std::time::Duration;

use papo_protocol::ServerFrame;
use papo_testing::{Guest, Socket};

use super::full::{follow, seqs};
use super::limits::memory;
use super::start;

/// Messages, and the emoji of each. Together they exceed what a server keeps of a room in memory,
/// and don't fill a page.
const MESSAGES: usize = 200;
const EMOJI: usize = 4_000;
const READERS: usize = 40;
/// The log has some three megabytes, which the server keeps once. Of it a reader has only what its
/// socket doesn't take. With a copy for each reader it was four times this.
const LIMIT_KIB: i64 = 8 * 1_024;

/// People of one address who come back together. They exceed the address's memory, divided by what
/// a socket takes of a log at once.
const CLASS: usize = 300;

fn subscribed(guest: &Guest, epoch: &str) -> Socket {
    let mut socket = guest.socket(1).unwrap();
    socket.subscribe(1, Some((epoch, 0))).unwrap();
    socket
}

/// Writes a log that exceeds what is kept in memory. Returns its epoch.
fn long_log(guest: &Guest, messages: usize) -> String {
    let (mut writer, epoch, _) = follow(guest, 1);
    for _ in 0..messages {
        let reference = writer.post(1, &"🦜".repeat(EMOJI)).unwrap();
        writer.wait_for_ack(reference).unwrap();
    }
    epoch
}

#[test]
fn those_who_are_behind_and_read_nothing_have_no_copy_of_the_log_each() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let epoch = long_log(&guest, MESSAGES);
    let expected: Vec<_> = (1..).take(MESSAGES).collect();
    assert_eq!(seqs(&mut subscribed(&guest, &epoch), MESSAGES), expected);
    let before = memory(&server, "VmRSS:");
    let mut readers: Vec<_> = (0..READERS).map(|_| subscribed(&guest, &epoch)).collect();
    // Nothing shows that a server has taken everything that it wants.
    std::thread::sleep(Duration::from_secs(2));
    let grown = memory(&server, "VmRSS:") - before;
    assert!(grown < LIMIT_KIB, "{grown} KiB");
    assert_eq!(seqs(&mut readers[0], MESSAGES), expected);
}

#[test]
fn a_class_that_comes_back_together_and_reads_slowly_is_not_closed() {
    let server = start();
    let ana = Guest::joined(&server, 1, "Ana").unwrap();
    let epoch = long_log(&ana, 80);
    let mut sockets = Vec::new();
    for number in 0..CLASS / 10 {
        let guest = Guest::joined(&server, 1, &format!("Guest {number}")).unwrap();
        sockets.extend((0..10).map(|_| subscribed(&guest, &epoch)));
    }
    let expected: Vec<_> = (1..=80).collect();
    for socket in sockets.iter_mut().rev().take(20) {
        let is_answer = |frame: &ServerFrame| {
            matches!(
                frame,
                ServerFrame::Subscribed { .. } | ServerFrame::Error { .. }
            )
        };
        let answer = socket.receive_where(is_answer).unwrap();
        assert!(
            matches!(answer, ServerFrame::Subscribed { .. }),
            "{answer:?}"
        );
        assert_eq!(seqs(socket, 80), expected);
    }
}
