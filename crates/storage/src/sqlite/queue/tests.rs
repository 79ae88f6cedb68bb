//! Each piece of work runs once, on a thread that slept or on one that watched.

use std::sync::Arc;
use std::thread;

use super::*;

const PIECES: usize = 2_000;
const PUSHERS: usize = 2;

fn piece() -> Work<usize> {
    Box::new(|done| *done += 1)
}

/// Takes work until the queue is closed. Returns how much it ran.
fn take(queue: &Arc<Queue<usize>>, watchful: Duration) -> thread::JoinHandle<usize> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        let mut done = 0;
        while let Some(work) = queue.next(watchful) {
            work(&mut done);
        }
        done
    })
}

/// Has several threads push pieces at once, now and then after all takers have gone to sleep.
/// Returns how many ran.
fn hand_out(watchful: &[Duration]) -> usize {
    let queue = Arc::new(Queue::new(4));
    let takers: Vec<_> = watchful.iter().map(|time| take(&queue, *time)).collect();
    thread::scope(|scope| {
        for _ in 0..PUSHERS {
            scope.spawn(|| {
                for number in 0..PIECES {
                    assert!(queue.push_at_once((), |()| piece()).is_ok());
                    if number % 200 == 0 {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
            });
        }
    });
    queue.close();
    let done = takers.into_iter().map(|taker| taker.join().unwrap());
    done.sum()
}

#[test]
fn sleepers_are_woken_for_each_piece() {
    assert_eq!(hand_out(&[Duration::ZERO; 3]), PUSHERS * PIECES);
}

#[test]
fn who_watches_misses_none() {
    assert_eq!(hand_out(&[Duration::from_micros(150)]), PUSHERS * PIECES);
    let mixed = [Duration::ZERO, Duration::from_micros(150)];
    assert_eq!(hand_out(&mixed), PUSHERS * PIECES);
}

#[test]
fn a_closed_queue_hands_out_what_waits_and_takes_no_more() {
    let queue = Queue::new(1);
    assert!(queue.push_at_once((), |()| piece()).is_ok());
    queue.close();
    assert!(queue.push_at_once((), |()| piece()).is_err());
    let mut done = 0;
    while let Some(work) = queue.next(Duration::from_mins(1)) {
        work(&mut done);
    }
    assert_eq!(done, 1);
}

#[test]
fn closing_wakes_who_sleeps() {
    let queue = Arc::new(Queue::new(1));
    let taker = take(&queue, Duration::ZERO);
    thread::sleep(Duration::from_millis(10));
    queue.close();
    assert_eq!(taker.join().unwrap(), 0);
}
