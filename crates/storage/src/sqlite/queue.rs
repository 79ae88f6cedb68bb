//! The queue of work for the threads. It is bounded, and wakes one thread for each piece of work.
//! (tokio's channel has one receiver. Threads that share it behind a lock wake each other, which
//! doubles the time of a short read.)

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// A piece of work on a connection.
pub(super) type Work<State> = Box<dyn FnOnce(&mut State) + Send>;

/// A queue from which any number of threads take work.
pub(super) struct Queue<State> {
    waiting: Mutex<Waiting<State>>,
    arrived: Condvar,
    /// How many pieces have ever come. A watching thread reads it without the lock.
    arrivals: AtomicUsize,
    places: Semaphore,
}

struct Waiting<State> {
    /// Each piece, and whether it takes a place.
    work: VecDeque<(Work<State>, bool)>,
    /// How many threads sleep.
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

    /// Waits for a place, then queues the work; `false` when the queue is closed.
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

    /// Queues work made from `what`, without waiting for a place. Returns `what` when the queue is
    /// closed.
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

    /// The next piece of work. Blocks until there is one, and stays awake for the first `watchful`
    /// of that time. `None` when the queue is closed and empty.
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

    /// Closes the queue. Threads still take the work in it.
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

    /// Watches until more than this many pieces have come, or for this long. It yields the
    /// processor to others, such as the task that brings the next piece.
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
