//! Reading a log that is no longer in memory.

use std::time::Duration;

use papo_testing::{Guest, Socket};

use super::full::{follow, seqs};
use super::limits::memory;
use super::start;

/// Messages, and the emoji of each: more than a server keeps of a room in memory, and not a full page.
const MESSAGES: usize = 200;
const EMOJI: usize = 4_000;
const READERS: usize = 40;
/// The log is some three megabytes and kept once. A reader has no more of it than the socket doesn't take; with a copy each it was four times this.
const LIMIT_KIB: i64 = 8 * 1_024;

fn subscribed(guest: &Guest, epoch: &str) -> Socket {
    let mut socket = guest.socket(1).unwrap();
    socket.subscribe(1, Some((epoch, 0))).unwrap();
    socket
}

#[test]
fn those_who_are_behind_and_read_nothing_have_no_copy_of_the_log_each() {
    let server = start();
    let guest = Guest::joined(&server, 1, "Ana").unwrap();
    let (mut writer, epoch, _) = follow(&guest, 1);
    for _ in 0..MESSAGES {
        let reference = writer.post(1, &"🦜".repeat(EMOJI)).unwrap();
        writer.wait_for_ack(reference).unwrap();
    }
    let expected: Vec<_> = (1..).take(MESSAGES).collect();
    assert_eq!(seqs(&mut subscribed(&guest, &epoch), MESSAGES), expected);
    let before = memory(&server, "VmRSS:");
    let mut readers: Vec<_> = (0..READERS).map(|_| subscribed(&guest, &epoch)).collect();
    // Nothing says that a server has taken all that it wants to take.
    std::thread::sleep(Duration::from_secs(2));
    let grown = memory(&server, "VmRSS:") - before;
    assert!(grown < LIMIT_KIB, "{grown} KiB");
    assert_eq!(seqs(&mut readers[0], MESSAGES), expected);
}
