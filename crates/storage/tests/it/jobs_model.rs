//! Random work on a queue, compared with a model of a plain list.

use std::time::Duration;

use papo_storage::{DEAD_JOB_KEPT, JOB_LEASE, JobLease, NewJob, Served, TakeJobs};
use proptest::prelude::*;

use crate::jobs::job;
use crate::world::World;

/// How often a job is tried.
const TRIES: u32 = 3;
const SECOND: Duration = Duration::from_secs(1);

/// A call on the queue. `lease` chooses one of all leases that were ever given.
#[derive(Debug, Clone)]
enum Call {
    Add {
        keys: Vec<u8>,
        delay: u32,
    },
    Look,
    Take {
        limit: usize,
    },
    Extend {
        leases: Vec<usize>,
    },
    Finish {
        lease: usize,
        remembered: u32,
    },
    Fail {
        lease: usize,
        again: Option<u32>,
    },
    Retry {
        key: u8,
    },
    Remove {
        key: u8,
    },
    Forget,
    /// Time passes.
    Pass {
        time: Duration,
    },
}

/// A call, and how far the caller's time is behind, in seconds.
#[derive(Debug, Clone)]
struct Step {
    call: Call,
    behind: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Done,
    Dead,
}

/// A job of the list. Its place there is its number.
#[derive(Debug, Clone)]
struct Entry {
    key: u8,
    state: State,
    due: Served,
    attempts: u32,
    lease: Option<i64>,
}

/// The queue as a list.
#[derive(Default)]
struct Model {
    /// A deleted job leaves its place empty.
    jobs: Vec<Option<Entry>>,
    /// The stored time of service.
    stored: Served,
}

impl Model {
    /// Notes the moment of a call that begins or ends leases. Returns the moment that counts.
    fn note(&mut self, now: Served) -> Served {
        let counts = now.max(self.stored);
        if now >= self.stored.after(SECOND) {
            self.stored = now;
        }
        counts
    }

    fn with_key(&mut self, key: u8) -> Option<&mut Entry> {
        self.jobs.iter_mut().flatten().find(|job| job.key == key)
    }

    fn add(&mut self, keys: &[u8], due: Served, now: Served) -> u64 {
        let now = now.max(self.stored);
        let mut added = 0;
        for key in keys {
            let new = Entry {
                key: *key,
                state: State::Waiting,
                due,
                attempts: 0,
                lease: None,
            };
            match self.with_key(*key) {
                None => self.jobs.push(Some(new)),
                Some(old) if old.state == State::Done && old.due <= now => *old = new,
                Some(_) => continue,
            }
            added += 1;
        }
        added
    }

    fn due(&self, now: Served) -> Vec<usize> {
        let now = now.max(self.stored);
        let mut due = Vec::new();
        for (place, job) in self.jobs.iter().enumerate() {
            if let Some(job) = job
                && job.state == State::Waiting
                && job.due <= now
            {
                due.push((job.due, place));
            }
        }
        due.sort_unstable();
        due.into_iter().map(|(_, place)| place).collect()
    }

    /// The keys that were taken, and how often.
    fn take(&mut self, limit: usize, lease: i64, now: Served) -> Vec<(u8, u32)> {
        let now = now.max(self.stored);
        for place in self.due(now) {
            let Some(job) = &mut self.jobs[place] else {
                continue;
            };
            if job.attempts >= TRIES {
                job.state = State::Dead;
                job.due = now.after(DEAD_JOB_KEPT);
                job.lease = None;
            }
        }
        let mut taken = Vec::new();
        for place in self.due(now).into_iter().take(limit) {
            let Some(job) = &mut self.jobs[place] else {
                continue;
            };
            job.attempts += 1;
            job.lease = Some(lease);
            job.due = now.after(JOB_LEASE);
            taken.push((job.key, job.attempts));
        }
        taken.sort_unstable();
        taken
    }

    /// The place of the job that a lease holds.
    fn held(&self, lease: Lease) -> Option<usize> {
        let holds = |job: &Entry| job.key == lease.key && job.lease == Some(lease.held.number);
        self.jobs
            .iter()
            .position(|job| job.as_ref().is_some_and(holds))
    }

    fn count(&self, state: State) -> usize {
        let jobs = self.jobs.iter().flatten();
        jobs.filter(|job| job.state == state).count()
    }
}

/// A lease that was given, and the key of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lease {
    key: u8,
    held: JobLease,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || 0..6_u8;
    let lease = || 0..40_usize;
    // Around the lease's length, and far beyond.
    let pass = prop_oneof![
        4 => (0..50_u64).prop_map(Duration::from_secs),
        1 => (0..1_500_u64).prop_map(Duration::from_millis),
        1 => Just(JOB_LEASE),
        1 => Just(DEAD_JOB_KEPT),
    ];
    let call = prop_oneof![
        4 => (prop::collection::vec(key(), 1..4), 0..40_u32)
            .prop_map(|(keys, delay)| Call::Add { keys, delay }),
        1 => Just(Call::Look),
        6 => (1..4_usize).prop_map(|limit| Call::Take { limit }),
        2 => prop::collection::vec(lease(), 1..4).prop_map(|leases| Call::Extend { leases }),
        3 => (lease(), 0..60_u32)
            .prop_map(|(lease, remembered)| Call::Finish { lease, remembered }),
        4 => (lease(), prop::option::weighted(0.7, 0..40_u32))
            .prop_map(|(lease, again)| Call::Fail { lease, again }),
        1 => key().prop_map(|key| Call::Retry { key }),
        1 => key().prop_map(|key| Call::Remove { key }),
        1 => Just(Call::Forget),
        4 => pass.prop_map(|time| Call::Pass { time }),
    ];
    let behind = prop_oneof![3 => Just(0), 1 => 0..30_u32];
    let step = (call, behind).prop_map(|(call, behind)| Step { call, behind });
    prop::collection::vec(step, 1..60)
}

/// The queue under test, the model, and what both have given so far.
struct Both<'a> {
    world: &'a World,
    model: Model,
    leases: Vec<Lease>,
    takes: i64,
    /// True time.
    time: Served,
}

impl Both<'_> {
    /// Those of the leases that were ever given.
    fn lease(&self, chosen: usize) -> Option<Lease> {
        let last = self.leases.len().checked_sub(1)?;
        // The latest ones are the most interesting.
        Some(self.leases[last - chosen % (last + 1)])
    }

    async fn run(&mut self, Step { call, behind }: Step) {
        let storage = &self.world.storage;
        let now = self.time.before(SECOND * behind);
        match call {
            Call::Add { mut keys, delay } => {
                let due = now.after(SECOND * delay);
                let jobs = keys.iter().map(|key| job(&key.to_string(), due));
                let jobs: Vec<NewJob> = jobs.collect();
                let added = storage.add_jobs(jobs, now).await.unwrap();
                keys.sort_unstable();
                assert_eq!(added, self.model.add(&keys, due, now));
            }
            Call::Look => {
                let asked = vec!["letters".to_owned()];
                let queues = storage.queues(asked, now).await.unwrap();
                assert_eq!(queues.due.is_empty(), self.model.due(now).is_empty());
                let dead = usize::try_from(queues.dead).unwrap();
                assert_eq!(dead, self.model.count(State::Dead));
            }
            Call::Take { limit } => self.take(limit, now).await,
            Call::Extend { leases } => self.extend(&leases, now).await,
            Call::Finish { lease, remembered } => self.finish(lease, remembered, now).await,
            Call::Fail { lease, again } => self.fail(lease, again, now).await,
            Call::Retry { key } => {
                let id = self.dead(key).await;
                let retried = match id {
                    Some(id) => storage.retry_job(id, now).await.unwrap(),
                    None => false,
                };
                let due = now.max(self.model.stored);
                let dead = self.model.with_key(key);
                let dead = dead.filter(|job| job.state == State::Dead);
                assert_eq!(retried, dead.is_some());
                if let Some(job) = dead {
                    job.state = State::Waiting;
                    job.due = due;
                    job.attempts = 0;
                }
            }
            Call::Remove { key } => {
                let id = self.dead(key).await;
                let removed = match id {
                    Some(id) => storage.remove_job(id).await.unwrap(),
                    None => false,
                };
                let is_it = |job: &Entry| job.key == key && job.state == State::Dead;
                let jobs = self.model.jobs.iter_mut();
                let dead = jobs.filter_map(|job| job.take_if(|job| is_it(job))).count();
                assert_eq!(usize::from(removed), dead);
            }
            Call::Forget => {
                let forgotten = storage.forget_jobs(now).await.unwrap();
                let now = now.max(self.model.stored);
                let is_over = |job: &Entry| job.state != State::Waiting && job.due <= now;
                let jobs = self.model.jobs.iter_mut();
                let over = jobs
                    .filter_map(|job| job.take_if(|job| is_over(job)))
                    .count();
                assert_eq!(usize::try_from(forgotten).unwrap(), over);
            }
            Call::Pass { time } => self.time = self.time.after(time),
        }
        let stored = self.world.storage.serve(Served(0)).await.unwrap();
        assert_eq!(stored, self.model.stored);
    }

    async fn take(&mut self, limit: usize, now: Served) {
        self.takes += 1;
        let take = TakeJobs {
            limit,
            tries: TRIES,
            lease: self.takes,
        };
        let taken = self.world.storage.take_jobs("letters".into(), take, now);
        let taken = taken.await.unwrap();
        let expected = self.model.take(limit, self.takes, now);
        self.model.note(now);
        let mut shown = Vec::new();
        for job in taken {
            let key = job.key.parse().unwrap();
            assert_eq!(job.payload, format!("\"{key}\""));
            shown.push((key, job.attempts));
            self.leases.push(Lease {
                key,
                held: job.lease,
            });
        }
        shown.sort_unstable();
        assert_eq!(shown, expected);
    }

    async fn extend(&mut self, leases: &[usize], now: Served) {
        let storage = &self.world.storage;
        let leases = leases.iter().filter_map(|lease| self.lease(*lease));
        let mut leases: Vec<Lease> = leases.collect();
        leases.dedup();
        let asked = leases.iter().map(|lease| lease.held).collect();
        let mut held = storage.extend_jobs(asked, now).await.unwrap();
        held.sort_unstable();
        held.dedup();
        let now = self.model.note(now);
        let mut expected = Vec::new();
        for lease in leases {
            if let Some(place) = self.model.held(lease) {
                expected.push(lease.held);
                let until = now.after(JOB_LEASE);
                self.model.jobs[place].as_mut().unwrap().due = until;
            }
        }
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(held, expected);
    }

    async fn finish(&mut self, lease: usize, remembered: u32, now: Served) {
        let storage = &self.world.storage;
        let Some(lease) = self.lease(lease) else {
            return;
        };
        // Half of them aren't remembered.
        let remembered = SECOND * remembered.saturating_sub(30);
        let finished = storage.finish_job(lease.held, remembered, now);
        let finished = finished.await.unwrap();
        let place = self.model.held(lease);
        assert_eq!(finished, place.is_some());
        let until = now.max(self.model.stored).after(remembered);
        if let Some(place) = place {
            let job = self.model.jobs[place].take();
            let done = job.filter(|_| !remembered.is_zero());
            self.model.jobs[place] = done.map(|job| Entry {
                state: State::Done,
                due: until,
                lease: None,
                ..job
            });
        }
    }

    async fn fail(&mut self, lease: usize, again: Option<u32>, now: Served) {
        let storage = &self.world.storage;
        let Some(lease) = self.lease(lease) else {
            return;
        };
        let again = again.map(|seconds| SECOND * seconds);
        let failed = storage.fail_job(lease.held, "no luck".into(), again, now);
        let failed = failed.await.unwrap();
        let now = self.model.note(now);
        let place = self.model.held(lease);
        assert_eq!(failed, place.is_some());
        if let Some(job) = place.and_then(|place| self.model.jobs[place].as_mut()) {
            job.lease = None;
            job.state = again.map_or(State::Dead, |_| State::Waiting);
            job.due = now.after(again.unwrap_or(DEAD_JOB_KEPT));
        }
    }

    /// The number of the dead job with this key.
    async fn dead(&self, key: u8) -> Option<papo_storage::JobId> {
        let dead = self.world.storage.dead_jobs(usize::MAX).await.unwrap();
        let key = key.to_string();
        dead.iter().find(|job| job.key == key).map(|job| job.id)
    }
}

async fn compare(world: &World, steps: Vec<Step>) {
    let mut both = Both {
        world,
        model: Model::default(),
        leases: Vec::new(),
        takes: 0,
        time: Served(100_000),
    };
    for step in steps {
        both.run(step).await;
    }
    world.is_sound().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_does_what_a_list_would(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(&World::sqlite(), steps));
    }

    #[test]
    fn postgres_does_what_a_list_would(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { compare(&World::postgres().await, steps).await });
    }
}
