//! What a client has begun to send and hasn't finished: a form, or a message on a socket.
//!
//! It holds memory as an answer does that isn't taken, so both share their limits. What is
//! unfinished for a while may be cut when others need the room, however steadily a little more of
//! it comes.

use std::sync::Arc;

use super::{Full, Hold, Outlet, SMALL, Taker, Waiting};

/// What is counted more at a time.
const STEP: usize = 16 * 1024;

/// The memory of something unfinished, counted until this is dropped or ends.
#[derive(Default)]
pub(crate) struct Unfinished {
    /// One for each time that it outgrew those before, and the outlet that is cut for it.
    holds: Vec<(Hold, Arc<Outlet>)>,
}

impl Unfinished {
    /// Makes room for something unfinished of so many bytes. What is small isn't counted.
    pub(crate) fn grow(
        &mut self,
        waiting: &Arc<Waiting>,
        taker: &Taker,
        bytes: usize,
    ) -> Result<(), Full> {
        if bytes <= SMALL {
            return Ok(());
        }
        // A buffer that grows bit by bit takes up to twice what is in it.
        let size = (2 * bytes).next_multiple_of(STEP);
        let counted = self.holds.iter().map(|(hold, _)| hold.size).sum();
        if size > counted {
            let sender = taker.as_sender();
            let hold = waiting.hold(&sender, size - counted)?;
            self.holds.push((hold, sender.outlet));
        }
        Ok(())
    }

    /// Notes that so many bytes of it are left.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        if bytes <= SMALL {
            self.holds = Vec::new();
        }
    }

    /// Whether it has been unfinished for so long that it may be cut for others.
    pub(crate) fn is_slow(&self) -> bool {
        self.holds
            .first()
            .is_some_and(|(_, outlet)| outlet.is_slow())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::{PATIENCE, Waiting};
    use super::*;

    const KIB: usize = 1024;

    /// A connection, and how often it was told to end.
    fn taker(session: &str) -> (Taker, Arc<AtomicUsize>) {
        let cuts = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&cuts);
        let cut = move || {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        let address = [192, 0, 2, 1].into();
        (Taker::new(address, Some(session), Outlet::new(cut)), cuts)
    }

    #[test]
    fn what_is_small_is_not_counted_and_the_rest_at_twice_its_size() {
        let waiting = Waiting::new();
        let all = || waiting.ledger.lock().all();
        let (taker, _) = taker("a");
        let mut unfinished = Unfinished::default();
        for (bytes, counted) in [(SMALL, 0), (5 * KIB, 16 * KIB), (8 * KIB, 16 * KIB)] {
            unfinished.grow(&waiting, &taker, bytes).unwrap();
            assert_eq!(all(), counted, "{bytes}");
        }
        unfinished.grow(&waiting, &taker, 60 * KIB).unwrap();
        unfinished.shrink(5 * KIB);
        assert_eq!(all(), 128 * KIB);
        unfinished.shrink(SMALL);
        assert_eq!(all(), 0);
        unfinished.grow(&waiting, &taker, 60 * KIB).unwrap();
        drop(unfinished);
        assert_eq!(all(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_is_cut_however_much_its_sender_takes() {
        let waiting = Waiting::new();
        let (slow, cuts) = taker("a");
        let mut held = Unfinished::default();
        held.grow(&waiting, &slow, 2 << 20).unwrap();
        let others = || {
            let (taker, _) = taker("a");
            Unfinished::default().grow(&waiting, &taker, 3 << 20)
        };
        for _ in 0..2 {
            tokio::time::advance(PATIENCE / 2).await;
            slow.took();
            assert_eq!(others(), Err(Full));
        }
        assert_eq!(cuts.load(Ordering::Relaxed), 1);
        assert!(held.is_slow());
        drop(held);
        assert_eq!(others(), Ok(()));
    }
}
