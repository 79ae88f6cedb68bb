//! Unfinished input: a form, or a message on a socket, of which a client has sent only a part.
//!
//! It holds memory as an unread answer does, so both share their limits. A connection with
//! unfinished input may be cut for others after a while, however steadily a little more comes.

use std::sync::Arc;

use super::{Full, Hold, Outlet, SMALL, Taker, Waiting};

/// The count grows in steps of this size.
const STEP: usize = 16 * 1024;

/// The memory of unfinished input. It counts until this is dropped or the input ends.
#[derive(Default)]
pub(crate) struct Unfinished {
    /// One for each step, with the outlet that is cut for it.
    holds: Vec<(Hold, Arc<Outlet>)>,
}

impl Unfinished {
    /// Makes space for unfinished input of this many bytes. A small input doesn't count.
    pub(crate) fn grow(
        &mut self,
        waiting: &Arc<Waiting>,
        taker: &Taker,
        bytes: usize,
    ) -> Result<(), Full> {
        if bytes <= SMALL {
            return Ok(());
        }
        // A growing buffer takes up to twice its content.
        let size = (2 * bytes).next_multiple_of(STEP);
        let counted = self.holds.iter().map(|(hold, _)| hold.size).sum();
        if size > counted {
            let sender = taker.as_sender();
            let hold = waiting.hold(&sender, size - counted)?;
            self.holds.push((hold, sender.outlet));
        }
        Ok(())
    }

    /// Notes that this many bytes are left.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        if bytes <= SMALL {
            self.holds = Vec::new();
        }
    }

    /// Whether it has been unfinished for so long that its connection may be cut for others.
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
