//! Jobs: added once, leased, done or tried again, and moved with the instance.

use std::time::Duration;

use papo_storage::{
    DEAD_JOB_KEPT, JOB_LEASE, JobId, JobLease, NewJob, Queues, Served, Storage, TakeJobs, TakenJob,
};

use crate::world::World;

crate::stories!(
    a_key_is_added_once,
    a_job_is_taken_when_it_is_due_and_the_first_due_first,
    a_lease_that_ran_out_is_taken_over_and_ends_nothing_any_more,
    an_extended_lease_holds,
    a_finished_job_is_remembered_by_its_key,
    a_failed_job_is_due_again_later,
    a_dead_job_stays_until_somebody_decides,
    a_job_whose_servers_all_ended_is_dead,
    dead_jobs_are_forgotten_in_the_end,
    a_caller_behind_the_stored_time_leases_by_the_stored_time,
    takers_at_once_get_different_jobs,
);

const Q: &str = "letters";
const SECOND: Duration = Duration::from_secs(1);

/// A moment, in seconds of service.
pub(crate) fn at(seconds: i64) -> Served {
    Served(seconds * 1_000)
}

pub(crate) fn job(key: &str, due: Served) -> NewJob {
    NewJob {
        queue: Q.to_owned(),
        key: key.to_owned(),
        payload: format!("\"{key}\""),
        due,
    }
}

pub(crate) async fn add(storage: &dyn Storage, key: &str, due: Served, now: Served) -> u64 {
    storage.add_jobs(vec![job(key, due)], now).await.unwrap()
}

pub(crate) async fn take(storage: &dyn Storage, lease: i64, now: Served) -> Vec<TakenJob> {
    take_some(storage, lease, usize::MAX, now).await
}

async fn take_some(storage: &dyn Storage, lease: i64, limit: usize, now: Served) -> Vec<TakenJob> {
    let take = TakeJobs {
        limit,
        tries: 3,
        lease,
    };
    let taken = storage.take_jobs(Q.to_owned(), take, now).await;
    taken.unwrap()
}

fn keys(taken: &[TakenJob]) -> Vec<&str> {
    let mut keys: Vec<_> = taken.iter().map(|job| job.key.as_str()).collect();
    keys.sort_unstable();
    keys
}

async fn fail(world: &World, lease: JobLease, again: Option<Duration>, now: Served) -> bool {
    let failed = world
        .storage
        .fail_job(lease, "no luck".to_owned(), again, now);
    failed.await.unwrap()
}

/// A waiting job, one that a node works on, a finished one and a dead one.
pub(crate) async fn one_of_each_state(world: &World) {
    let storage = &*world.storage;
    for key in ["dead", "done", "gone", "leased"] {
        add(storage, key, at(0), at(0)).await;
    }
    add(storage, "waiting", at(5_000), at(0)).await;
    for TakenJob { lease, key, .. } in take(storage, i64::MIN, at(1)).await {
        match key.as_str() {
            "dead" => assert!(fail(world, lease, None, at(2)).await),
            "done" => {
                let finished = storage.finish_job(lease, DEAD_JOB_KEPT, at(2));
                assert!(finished.await.unwrap());
            }
            "gone" => {
                let finished = storage.finish_job(lease, Duration::ZERO, at(2));
                assert!(finished.await.unwrap());
            }
            _ => {}
        }
    }
    // Its number is the last.
    add(storage, "gone", at(9_000), at(0)).await;
}

/// What is taken and added after [`one_of_each_state`].
pub(crate) async fn go_on(world: &World) -> (Vec<(String, String, u32)>, u64, bool) {
    let storage = &*world.storage;
    let mut taken = take(storage, 7, at(5_000)).await;
    assert_eq!(keys(&taken), ["leased", "waiting"]);
    let added = storage.add_jobs(
        vec![job("done", at(1)), job("dead", at(1)), job("new", at(1))],
        at(5_000),
    );
    let added = added.await.unwrap();
    let dead = storage.dead_jobs(1).await.unwrap()[0].id;
    let again = storage.retry_job(dead, at(5_000)).await.unwrap();
    taken.extend(take_some(storage, 8, 1, at(5_001)).await);
    let shown = taken.into_iter();
    let shown = shown.map(|job| (job.key, job.payload, job.attempts));
    let mut shown: Vec<_> = shown.collect();
    shown.sort_unstable();
    (shown, added, again)
}

async fn a_key_is_added_once(world: &World) {
    let storage = &*world.storage;
    assert_eq!(add(storage, "a", at(0), at(0)).await, 1);
    assert_eq!(add(storage, "a", at(0), at(0)).await, 0);
    let other_queue = NewJob {
        queue: "parcels".to_owned(),
        ..job("a", at(0))
    };
    let several = vec![
        job("b", at(0)),
        other_queue,
        job("a", at(0)),
        job("b", at(0)),
    ];
    assert_eq!(storage.add_jobs(several, at(0)).await.unwrap(), 2);
    let taken = take(storage, 1, at(0)).await;
    assert_eq!(keys(&taken), ["a", "b"]);
    assert_eq!(taken[0].payload, format!("\"{}\"", taken[0].key));
    // Not while somebody works on it either.
    assert_eq!(add(storage, "a", at(0), at(0)).await, 0);
}

async fn a_job_is_taken_when_it_is_due_and_the_first_due_first(world: &World) {
    let storage = &*world.storage;
    for (key, due) in [("c", 30), ("a", 10), ("b", 20)] {
        add(storage, key, at(due), at(0)).await;
    }
    let asked = || vec![Q.to_owned(), "parcels".to_owned()];
    let queues = storage.queues(asked(), at(9)).await.unwrap();
    assert_eq!(queues, Queues::default());
    assert_eq!(take(storage, 1, at(9)).await, []);
    let queues = storage.queues(asked(), at(10)).await.unwrap();
    assert_eq!(queues.due, [Q]);
    assert_eq!(keys(&take_some(storage, 2, 2, at(30)).await), ["a", "b"]);
    assert_eq!(keys(&take_some(storage, 3, 2, at(30)).await), ["c"]);
    assert_eq!(take(storage, 4, at(30)).await, []);
}

async fn a_lease_that_ran_out_is_taken_over_and_ends_nothing_any_more(world: &World) {
    let storage = &*world.storage;
    add(storage, "a", at(0), at(0)).await;
    let first = take(storage, 1, at(0)).await.remove(0);
    assert_eq!(first.attempts, 1);
    let end = at(0).after(JOB_LEASE);
    assert_eq!(take(storage, 2, Served(end.0 - 1)).await, []);
    let second = take(storage, 3, end).await.remove(0);
    assert_eq!((second.attempts, second.lease.job), (2, first.lease.job));
    for lease in [
        first.lease,
        // A number of another lease.
        JobLease {
            number: 2,
            ..second.lease
        },
    ] {
        assert!(!storage.finish_job(lease, SECOND, end).await.unwrap());
        assert!(!fail(world, lease, None, end).await);
    }
    let held = vec![first.lease, second.lease];
    let held = storage.extend_jobs(held, end).await.unwrap();
    assert_eq!(held, [second.lease]);
    let finished = storage.finish_job(second.lease, SECOND, end).await;
    assert!(finished.unwrap());
    assert!(!storage.finish_job(second.lease, SECOND, end).await.unwrap());
    assert!(!fail(world, second.lease, None, end).await);
}

async fn an_extended_lease_holds(world: &World) {
    let storage = &*world.storage;
    add(storage, "a", at(0), at(0)).await;
    let mut now = at(0);
    let leases: Vec<_> = take(storage, 1, now)
        .await
        .iter()
        .map(|t| t.lease)
        .collect();
    for _ in 0..5 {
        now = now.after(JOB_LEASE).before(SECOND);
        assert_eq!(take(storage, 2, now).await, []);
        let held = storage.extend_jobs(leases.clone(), now).await.unwrap();
        assert_eq!(held, leases);
    }
    // Nobody took it over, so even one that has run out can be extended.
    now = now.after(JOB_LEASE).after(SECOND);
    let held = storage.extend_jobs(leases.clone(), now).await.unwrap();
    assert_eq!(held, leases);
    assert_eq!(take(storage, 2, now).await, []);
}

async fn a_finished_job_is_remembered_by_its_key(world: &World) {
    let storage = &*world.storage;
    for key in ["a", "b"] {
        add(storage, key, at(0), at(0)).await;
    }
    for TakenJob { lease, key, .. } in take(storage, 1, at(0)).await {
        let remembered = if key == "a" {
            10 * SECOND
        } else {
            Duration::ZERO
        };
        let finished = storage.finish_job(lease, remembered, at(1)).await;
        assert!(finished.unwrap());
    }
    assert_eq!(take(storage, 2, at(9)).await, []);
    assert_eq!(add(storage, "a", at(0), at(10)).await, 0);
    assert_eq!(add(storage, "b", at(0), at(10)).await, 1);
    assert_eq!(storage.forget_jobs(at(10)).await.unwrap(), 0);
    // Whether or not anything deleted it meanwhile.
    assert_eq!(add(storage, "a", at(0), at(11)).await, 1);
    let taken = take(storage, 3, at(11)).await;
    assert_eq!(keys(&taken), ["a", "b"]);
    assert!(taken.iter().all(|job| job.attempts == 1));
    assert_eq!(taken[0].payload, format!("\"{}\"", taken[0].key));
    for TakenJob { lease, .. } in taken {
        assert!(storage.finish_job(lease, SECOND, at(11)).await.unwrap());
    }
    assert_eq!(storage.forget_jobs(at(11)).await.unwrap(), 0);
    assert_eq!(storage.forget_jobs(at(12)).await.unwrap(), 2);
}

async fn a_failed_job_is_due_again_later(world: &World) {
    let storage = &*world.storage;
    add(storage, "a", at(0), at(0)).await;
    let first = take(storage, 1, at(0)).await.remove(0);
    assert!(fail(world, first.lease, Some(60 * SECOND), at(5)).await);
    assert!(!fail(world, first.lease, Some(SECOND), at(5)).await);
    assert_eq!(take(storage, 2, at(64)).await, []);
    let second = take(storage, 3, at(65)).await.remove(0);
    assert_eq!(second.attempts, 2);
    assert_eq!(storage.dead_jobs(9).await.unwrap(), []);
}

async fn a_dead_job_stays_until_somebody_decides(world: &World) {
    let storage = &*world.storage;
    for key in ["a", "b"] {
        add(storage, key, at(0), at(0)).await;
    }
    for TakenJob { lease, .. } in take(storage, 1, at(0)).await {
        assert!(fail(world, lease, None, at(1)).await);
    }
    assert_eq!(take(storage, 2, at(1_000_000)).await, []);
    assert_eq!(add(storage, "a", at(0), at(2)).await, 0);
    let queues = storage.queues(vec![Q.to_owned()], at(2)).await.unwrap();
    let expected = Queues {
        due: Vec::new(),
        dead: 2,
    };
    assert_eq!(queues, expected);
    let dead = storage.dead_jobs(9).await.unwrap();
    let shown: Vec<_> = dead
        .iter()
        .map(|job| (&*job.queue, &*job.key, job.attempts, &*job.error))
        .collect();
    assert_eq!(shown, [(Q, "a", 1, "no luck"), (Q, "b", 1, "no luck")]);
    assert_eq!(storage.dead_jobs(1).await.unwrap(), dead[..1]);
    assert!(storage.remove_job(dead[0].id).await.unwrap());
    assert!(!storage.remove_job(dead[0].id).await.unwrap());
    assert!(!storage.retry_job(dead[0].id, at(3)).await.unwrap());
    assert_eq!(add(storage, "a", at(0), at(3)).await, 1);
    assert!(storage.retry_job(dead[1].id, at(1_000_001)).await.unwrap());
    assert!(!storage.retry_job(dead[1].id, at(1_000_001)).await.unwrap());
    // What waits or runs isn't dead.
    assert!(!storage.remove_job(dead[1].id).await.unwrap());
    assert!(!storage.remove_job(JobId(i64::MAX)).await.unwrap());
    let taken = take(storage, 3, at(1_000_001)).await;
    assert_eq!(keys(&taken), ["a", "b"]);
    assert!(taken.iter().all(|job| job.attempts == 1));
}

async fn a_job_whose_servers_all_ended_is_dead(world: &World) {
    let storage = &*world.storage;
    add(storage, "a", at(0), at(0)).await;
    add(storage, "b", at(500), at(0)).await;
    let mut now = at(0);
    for attempts in 1..=3 {
        let taken = take(storage, i64::from(attempts), now).await;
        assert_eq!(taken[0].attempts, attempts);
        now = now.after(JOB_LEASE);
    }
    assert_eq!(take(storage, 4, now).await, []);
    let dead = storage.dead_jobs(9).await.unwrap();
    assert_eq!((&*dead[0].key, dead[0].attempts), ("a", 3));
    assert!(dead[0].error.contains("ended"), "{}", dead[0].error);
    // The rest of its queue goes on.
    assert_eq!(keys(&take(storage, 5, at(500)).await), ["b"]);
}

async fn dead_jobs_are_forgotten_in_the_end(world: &World) {
    let storage = &*world.storage;
    add(storage, "a", at(0), at(0)).await;
    let lease = take(storage, 1, at(0)).await[0].lease;
    assert!(fail(world, lease, None, at(1)).await);
    let end = at(1).after(DEAD_JOB_KEPT);
    assert_eq!(storage.forget_jobs(end.before(SECOND)).await.unwrap(), 0);
    assert_eq!(storage.forget_jobs(end).await.unwrap(), 1);
    assert_eq!(storage.dead_jobs(9).await.unwrap(), []);
}

async fn a_caller_behind_the_stored_time_leases_by_the_stored_time(world: &World) {
    let storage = &*world.storage;
    add(storage, "a", at(0), at(0)).await;
    add(storage, "b", at(100), at(0)).await;
    // A take stores its moment, as does an extension and a failure.
    let first = take(storage, 1, at(90)).await.remove(0);
    assert_eq!(storage.serve(Served(0)).await.unwrap(), at(90));
    let held = storage.extend_jobs(vec![first.lease], at(95)).await;
    assert_eq!(held.unwrap(), [first.lease]);
    assert_eq!(storage.serve(Served(0)).await.unwrap(), at(95));
    assert!(fail(world, first.lease, Some(5 * SECOND), at(20)).await);
    // Due at 100, and not at 25.
    assert_eq!(take(storage, 2, at(99)).await, []);
    assert_eq!(take(storage, 3, at(100)).await.len(), 2);
    assert_eq!(take(storage, 4, at(50)).await, []);
    let end = at(100).after(JOB_LEASE);
    assert_eq!(take(storage, 5, end.before(SECOND)).await, []);
    assert_eq!(take(storage, 6, end).await.len(), 2);
}

async fn takers_at_once_get_different_jobs(world: &World) {
    let jobs = (0..60).map(|number| job(&format!("{number:02}"), at(0)));
    let added = world.storage.add_jobs(jobs.collect(), at(0)).await;
    assert_eq!(added.unwrap(), 60);
    let takers = (0..6).map(|number| {
        let storage = std::sync::Arc::clone(&world.storage);
        tokio::spawn(async move {
            let mut taken = Vec::new();
            for turn in 0..100 {
                let lease = number * 100 + turn;
                let some = take_some(&*storage, lease, 3, at(1)).await;
                taken.extend(some.into_iter().map(|job| job.key));
                if taken.len() >= 60 {
                    break;
                }
            }
            taken
        })
    });
    let mut taken = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        taken.extend(taker.await.unwrap());
    }
    taken.sort_unstable();
    let all: Vec<_> = (0..60).map(|number| format!("{number:02}")).collect();
    assert_eq!(taken, all);
}
