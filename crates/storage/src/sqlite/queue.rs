//! Work on its way to the threads: of bounded length, and waking one thread for each piece.
//! (tokio's channel has one receiver; threads that share it behind a lock wake each other, which
//! doubles the time of a short read.)

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// Something to do with a connection.
pub(super) type Work<State> = Box<dyn FnOnce(&mut State) + Send>;

/// A queue that any number of threads take from.
pub(super) struct Queue<State> {
    waiting: Mutex<Waiting<State>>,
    arrived: Condvar,
    /// How many pieces have come, ever; for who watches without the lock.
    arrivals: AtomicUsize,
    places: Semaphore,
}

struct Waiting<State> {
    /// Each with whether it has taken a place.
    work: VecDeque<(Work<State>, bool)>,
    /// How many threads sleep until work comes.
    sleepers: usize,
    closed: bool,
}

impl<State> Queue<State> {
    /// An empty queue with this many places.
    pub(super) fn new(places: usize) -> Self {
        let waiting = Waiting {
            work: VecDeque::new(),
            sleepers: 0,
            closed: false,
        };
        Self {
            waiting: Mutex::new(waiting),
            arrived: Condvar::new(),
            arrivals: AtomicUsize::new(0),
            places: Semaphore::new(places),
        }
    }

    /// Waits for a place and takes it; `false` when the queue is closed.
    pub(super) async fn push(&self, work: Work<State>) -> bool {
        let Ok(place) = self.places.acquire().await else {
            return false;
        };
        place.forget();
        let waiting = self.lock();
        if waiting.closed {
            return false;
        }
        self.add(waiting, work, true);
        true
    }

    /// Makes a piece of work of something, without waiting for a place; for one piece at a time.
    /// Gives it back when the queue is closed.
    pub(super) fn push_at_once<T>(
        &self,
        of: T,
        make: impl FnOnce(T) -> Work<State>,
    ) -> Result<(), T> {
        let waiting = self.lock();
        if waiting.closed {
            return Err(of);
        }
        self.add(waiting, make(of), false);
        Ok(())
    }

    /// The next piece of work. Blocks until there is one, the first `watchful` of it awake; `None`
    /// when none is left and the queue is closed.
    pub(super) fn next(&self, watchful: Duration) -> Option<Work<State>> {
        let mut waiting = self.lock();
        if waiting.work.is_empty() && !waiting.closed && !watchful.is_zero() {
            let arrivals = self.arrivals.load(Ordering::Relaxed);
            drop(waiting);
            self.watch(arrivals, watchful);
            waiting = self.lock();
        }
        loop {
            if let Some((work, has_place)) = waiting.work.pop_front() {
                drop(waiting);
                self.places.add_permits(usize::from(has_place));
                return Some(work);
            }
            if waiting.closed {
                return None;
            }
            waiting.sleepers += 1;
            let woken = self.arrived.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
            waiting.sleepers -= 1;
        }
    }

    /// Takes no more; what waits is still handed out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.places.close();
        self.arrived.notify_all();
    }

    fn add(&self, mut waiting: MutexGuard<'_, Waiting<State>>, work: Work<State>, has_place: bool) {
        waiting.work.push_back((work, has_place));
        let has_sleepers = waiting.sleepers > 0;
        self.arrivals.fetch_add(1, Ordering::Relaxed);
        drop(waiting);
        if has_sleepers {
            self.arrived.notify_one();
        }
    }

    /// Looks until more than this many have come, or for this long. Whoever else wants the
    /// processor, such as the task that is to bring the next piece, has it meanwhile.
    fn watch(&self, arrivals: usize, time: Duration) {
        let end = Instant::now() + time;
        while self.arrivals.load(Ordering::Relaxed) == arrivals && Instant::now() < end {
            thread::yield_now();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<State>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
