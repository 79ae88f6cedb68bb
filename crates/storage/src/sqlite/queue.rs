//! Work on its way to the threads: of bounded length, and waking one thread for each piece. (tokio's channel has one
//! receiver; threads that share it behind a lock wake each other, which doubles the time of a short read.)

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

/// Something to do with a connection.
pub(super) type Work<State> = Box<dyn FnOnce(&mut State) + Send>;

/// A queue that any number of threads take from.
pub(super) struct Queue<State> {
    waiting: Mutex<Waiting<State>>,
    arrived: Condvar,
    places: Semaphore,
}

struct Waiting<State> {
    /// Each with whether it has taken a place.
    work: VecDeque<(Work<State>, bool)>,
    closed: bool,
}

impl<State> Queue<State> {
    /// An empty queue with this many places.
    pub(super) fn new(places: usize) -> Self {
        let waiting = Waiting {
            work: VecDeque::new(),
            closed: false,
        };
        Self {
            waiting: Mutex::new(waiting),
            arrived: Condvar::new(),
            places: Semaphore::new(places),
        }
    }

    /// Waits for a place and takes it; `false` when the queue is closed.
    pub(super) async fn push(&self, work: Work<State>) -> bool {
        let Ok(place) = self.places.acquire().await else {
            return false;
        };
        place.forget();
        let mut waiting = self.lock();
        if waiting.closed {
            return false;
        }
        waiting.work.push_back((work, true));
        drop(waiting);
        self.arrived.notify_one();
        true
    }

    /// Makes a piece of work of something, without waiting for a place; for one piece at a time. Gives it back when the queue
    /// is closed.
    pub(super) fn push_at_once<T>(
        &self,
        of: T,
        make: impl FnOnce(T) -> Work<State>,
    ) -> Result<(), T> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(of);
        }
        waiting.work.push_back((make(of), false));
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// The next piece of work. Blocks until there is one; `None` when none is left and the queue is closed.
    pub(super) fn next(&self) -> Option<Work<State>> {
        let mut waiting = self.lock();
        loop {
            if let Some((work, has_place)) = waiting.work.pop_front() {
                drop(waiting);
                self.places.add_permits(usize::from(has_place));
                return Some(work);
            }
            if waiting.closed {
                return None;
            }
            let woken = self.arrived.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes no more; what waits is still handed out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.places.close();
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<State>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
