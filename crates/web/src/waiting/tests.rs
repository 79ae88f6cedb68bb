use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const KIB: usize = 1024;

fn waiting() -> Arc<Waiting> {
    Waiting::with_limits(Limits {
        all: 100 * KIB,
        spare: 0,
        network: 50 * KIB,
        session: 20 * KIB,
        large: 10 * KIB,
    })
}

/// A connection of this network and session.
fn taker(network: u8, session: &str) -> (Taker, Arc<AtomicUsize>) {
    let cuts = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&cuts);
    let cut = move || {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    let address = [192, 0, 2, network].into();
    (Taker::new(address, Some(session), Outlet::new(cut)), cuts)
}

fn answer(waiting: &Arc<Waiting>, network: u8, session: &str) -> Result<Bytes, Full> {
    waiting.count(&taker(network, session).0, vec![0; 10 * KIB].into())
}

#[test]
fn a_session_a_network_and_all_have_their_limits() {
    let waiting = waiting();
    let mut held = Vec::new();
    held.extend([answer(&waiting, 1, "a"), answer(&waiting, 1, "a")]);
    assert_eq!(answer(&waiting, 1, "a"), Err(Full));
    for session in ["b", "c", "d"] {
        held.push(answer(&waiting, 1, session));
    }
    assert_eq!(answer(&waiting, 1, "e"), Err(Full));
    assert!(!waiting.has_space(&taker(1, "e").0));
    assert!(waiting.has_space(&taker(2, "f").0));
    for session in ["f", "g", "h", "i", "j"] {
        held.push(answer(&waiting, 2, session));
    }
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(answer(&waiting, 3, "k"), Err(Full));
    held.remove(0).unwrap();
    assert!(answer(&waiting, 3, "k").is_ok());
}

#[test]
fn what_is_small_is_always_answered() {
    let waiting = waiting();
    let (taker, _) = taker(1, "a");
    let _all: Vec<_> = (0..2).map(|_| answer(&waiting, 1, "a").unwrap()).collect();
    assert!(waiting.count(&taker, vec![0; SMALL].into()).is_ok());
    assert!(waiting.count(&taker, vec![0; SMALL + 1].into()).is_err());
}

#[test]
fn the_count_ends_with_the_last_of_the_bytes() {
    let waiting = waiting();
    let mut bytes = answer(&waiting, 1, "a").unwrap();
    let part = bytes.split_off(KIB);
    drop(bytes);
    assert_eq!(waiting.ledger.lock().all(), 10 * KIB);
    drop(part);
    assert_eq!(waiting.ledger.lock().all(), 0);
    let mut frames = [Bytes::from(vec![0; 3 * KIB]), Bytes::from(vec![1; 3 * KIB])];
    waiting.count_all(&taker(1, "a").0, &mut frames).unwrap();
    assert_eq!(waiting.ledger.lock().all(), 6 * KIB);
    assert_eq!(frames[1], vec![1; 3 * KIB]);
    drop(frames);
    assert_eq!(waiting.ledger.lock().all(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_slowest_are_cut_when_others_need_the_room() {
    let waiting = waiting();
    let mut held = Vec::new();
    let mut cuts = Vec::new();
    for number in 0..10 {
        let (taker, cut) = taker(number, "each");
        let taker = Taker {
            session: None,
            ..taker
        };
        held.push(waiting.count(&taker, vec![0; 10 * KIB].into()).unwrap());
        cuts.push(cut);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let (newcomer, _) = taker(99, "new");
    for _ in 0..3 {
        assert!(waiting.count(&newcomer, vec![0; 15 * KIB].into()).is_err());
    }
    let counts: Vec<_> = cuts.iter().map(|cut| cut.load(Ordering::Relaxed)).collect();
    assert_eq!(counts, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    held.drain(..2);
    assert!(waiting.count(&newcomer, vec![0; 15 * KIB].into()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_for_a_moment_only_is_left_alone() {
    let waiting = waiting();
    let (taker, cut) = taker(1, "a");
    let _held: Vec<_> = (0..2)
        .map(|_| waiting.count(&taker, vec![0; 10 * KIB].into()).unwrap())
        .collect();
    assert!(waiting.count(&taker, vec![0; 10 * KIB].into()).is_err());
    assert_eq!(cut.load(Ordering::Relaxed), 0);
    tokio::time::advance(PATIENCE).await;
    assert!(waiting.count(&taker, vec![0; 10 * KIB].into()).is_err());
    assert_eq!(cut.load(Ordering::Relaxed), 1);
}

#[test]
fn a_network_for_which_nothing_waits_finds_room_when_many_others_have_taken_all() {
    let waiting = Waiting::with_limits(Limits {
        all: 100 * KIB,
        spare: 20 * KIB,
        network: 50 * KIB,
        session: 50 * KIB,
        large: 10 * KIB,
    });
    let held: Vec<_> = (0..10)
        .map(|number| answer(&waiting, number / 2, &number.to_string()).unwrap())
        .collect();
    assert_eq!(answer(&waiting, 0, "other"), Err(Full));
    let new = answer(&waiting, 99, "new").unwrap();
    assert_eq!(answer(&waiting, 99, "new"), Err(Full));
    drop((held, new));
}

#[tokio::test(start_paused = true)]
async fn who_takes_something_again_and_again_is_left_alone_and_the_next_is_cut() {
    let waiting = waiting();
    let ((steady, own_cuts), (silent, others_cuts)) = (taker(1, "a"), taker(1, "a"));
    let counts = || [&own_cuts, &others_cuts].map(|cuts| cuts.load(Ordering::Relaxed));
    let hold = |taker| waiting.count(taker, vec![0; 10 * KIB].into()).unwrap();
    let both = [hold(&steady), hold(&silent)];
    let ask = || waiting.count(&taker(1, "a").0, vec![0; 10 * KIB].into());
    for _ in 0..3 {
        tokio::time::advance(PATIENCE / 2).await;
        steady.took();
        assert_eq!(ask(), Err(Full));
    }
    assert_eq!(counts(), [0, 1]);
    // A connection that didn't end is told again.
    tokio::time::advance(PATIENCE).await;
    steady.took();
    assert_eq!(ask(), Err(Full));
    assert_eq!(counts(), [0, 2]);
    drop(both);
}

#[test]
fn what_waits_already_is_counted_whatever_the_limits_and_others_are_refused_for_it() {
    let waiting = waiting();
    let (taker, _) = taker(1, "a");
    assert!(waiting.insist(&taker, SMALL).is_none());
    let held: Vec<_> = (0..3).map(|_| waiting.insist(&taker, 10 * KIB)).collect();
    assert_eq!(waiting.ledger.lock().all(), 30 * KIB);
    assert_eq!(answer(&waiting, 1, "a"), Err(Full));
    drop(held);
    assert!(answer(&waiting, 1, "a").is_ok());
}

#[test]
fn a_customer_with_many_networks_has_no_more_of_the_spare_than_one_with_one() {
    let waiting = Waiting::with_limits(Limits {
        all: 100 * KIB,
        spare: 20 * KIB,
        network: 50 * KIB,
        session: 50 * KIB,
        large: 10 * KIB,
    });
    let ask = |network: u16, site: u16| {
        let address = [0x2001, 0xdb8, site, network, 0, 0, 0, 1];
        let taker = Taker::new(address.into(), None, Outlet::new(|| {}));
        waiting.count(&taker, vec![0; 10 * KIB].into())
    };
    let held: Vec<_> = (0..10).map(|network| ask(network, 1).unwrap()).collect();
    assert_eq!(ask(99, 1), Err(Full));
    assert!(ask(99, 2).is_ok());
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn what_others_have_taken_while_an_answer_waits_for_its_turn_is_heeded() {
    let waiting = waiting();
    let newcomer = taker(9, "new").0;
    let first = taker(8, "first").0;
    let mut turns = Vec::new();
    for _ in 0..making::TURNS {
        turns.push(waiting.turn(&first).await.unwrap());
    }
    let mut asked = Box::pin(waiting.turn(&newcomer));
    let at_once = Duration::from_millis(1);
    assert!(tokio::time::timeout(at_once, &mut asked).await.is_err());
    let held: Vec<_> = (0..10)
        .map(|number| answer(&waiting, number / 5, &number.to_string()).unwrap())
        .collect();
    turns.pop();
    assert_eq!(asked.await.err(), Some(Full));
    drop(held);
    assert!(waiting.turn(&newcomer).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_largest_are_made_one_at_a_time_and_small_ones_beside_them() {
    const LARGE: usize = 4;
    let waiting = waiting();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel();
    let released = Arc::new(Mutex::new(released));
    let large: Vec<_> = (0..LARGE)
        .map(|_| {
            let (waiting, begun, released) = (waiting.clone(), begun.clone(), released.clone());
            tokio::spawn(async move {
                let make = move || {
                    begun.send(()).unwrap();
                    released.lock().recv().unwrap();
                };
                waiting.make(1 << 20, make).await;
            })
        })
        .collect();
    for _ in 0..LARGE {
        has_begun.recv().unwrap();
        assert_eq!(waiting.make(KIB, || 7).await, 7);
        // Another one hasn't begun, and can't.
        assert!(has_begun.try_recv().is_err());
        assert!(waiting.making.try_lock().is_err());
        release.send(()).unwrap();
    }
    for made in large {
        made.await.unwrap();
    }
}
