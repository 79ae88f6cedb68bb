//! The runner, with kinds of jobs that only these tests have.

mod errands;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use papo_domain::{PersonId, Timestamp};
use papo_storage::sqlite::SqliteStorage;
use papo_storage::{
    JOB_LEASE, NewSession, RevocationId, Revoked, SESSION_LIFETIME, Served, Storage, TakeJobs,
    TakenJob, TokenHash,
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use self::errands::{Brief, Errand, Way, happened};
use super::*;
use crate::{Random, Settings};

const LIMIT: Duration = Duration::from_secs(20);
const PACE: Pace = Pace {
    poll: Duration::from_millis(10),
    extension: Duration::from_millis(30),
};

/// Numbers the tests' worlds.
static WORLDS: AtomicU64 = AtomicU64::new(0);

/// A database, and nodes on it.
struct World {
    number: u64,
    storage: Arc<SqliteStorage>,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&folder.path().join("papo.sqlite3")).unwrap();
        Self {
            number: WORLDS.fetch_add(1, Ordering::Relaxed),
            storage: Arc::new(storage),
            _folder: folder,
        }
    }

    /// A node that runs no jobs. Its random numbers are small, so it hardly waits after failures.
    async fn idle_node(&self) -> Arc<App> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let random = Random::new(|bytes| {
            let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
            for (byte, value) in bytes.iter_mut().zip(number.to_le_bytes()) {
                *byte = value;
            }
        });
        let settings = Settings {
            random,
            ..Settings::default()
        };
        let app = App::start(self.storage.clone(), settings, None).await;
        app.unwrap()
    }

    async fn node(&self) -> Arc<App> {
        let app = self.idle_node().await;
        let kinds = vec![Kind::of::<Errand>(), Kind::of::<Brief>()];
        app.start_runner(kinds, PACE);
        app
    }

    fn errand(&self, name: &str, way: Way) -> Errand {
        Errand {
            world: self.number,
            name: name.to_owned(),
            way,
        }
    }

    /// Waits until this has happened so often.
    async fn until(&self, what: &str, times: usize) {
        until(what, async || happened(self.number, what) >= times).await;
        assert_eq!(happened(self.number, what), times);
    }

    /// Takes errands as another node would.
    async fn take(&self, now: Served) -> Vec<TakenJob> {
        let take = TakeJobs {
            limit: 9,
            tries: 9,
            lease: -1,
        };
        let taken = papo_storage::Jobs::take_jobs(&*self.storage, "errands".into(), take, now);
        taken.await.unwrap()
    }
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds().await {
        assert!(Instant::now() < deadline, "waited {LIMIT:?} for {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn add(app: &App, errands: &[Errand]) -> u64 {
    app.add_jobs(errands, app.served()).await.unwrap()
}

async fn dead(app: &App) -> Vec<DeadJob> {
    app.dead_jobs(&Administrator::local()).await.unwrap()
}

#[tokio::test]
async fn a_job_runs_once_and_its_key_is_remembered() {
    let world = World::new();
    let app = world.node().await;
    let errand = world.errand("milk", Way::Works);
    assert_eq!(add(&app, &[errand.clone(), errand.clone()]).await, 1);
    world.until("milk done", 1).await;
    assert_eq!(add(&app, &[errand]).await, 0);
    let other = world.errand("bread", Way::Works);
    assert_eq!(add(&app, &[other]).await, 1);
    world.until("bread done", 1).await;
    assert_eq!(happened(world.number, "milk begun"), 1);
    app.stop().await;
}

#[tokio::test]
async fn a_job_waits_until_it_is_due() {
    let world = World::new();
    let app = world.node().await;
    let late = world.errand("late", Way::Works);
    let due = app.served().after(Duration::from_millis(300));
    app.add_jobs(&[late], due).await.unwrap();
    world.until("late done", 1).await;
    assert!(app.served() >= due);
    app.stop().await;
}

#[tokio::test]
async fn what_fails_is_tried_again() {
    let world = World::new();
    let app = world.node().await;
    add(&app, &[world.errand("milk", Way::Fails(2))]).await;
    world.until("milk done", 1).await;
    assert_eq!(happened(world.number, "milk begun"), 3);
    assert_eq!(dead(&app).await, []);
    app.stop().await;
}

#[tokio::test]
async fn what_always_fails_is_dead_in_the_end_and_its_queue_goes_on() {
    let world = World::new();
    let app = world.node().await;
    let unreadable = NewJob {
        queue: Errand::QUEUE.to_owned(),
        key: "unreadable".to_owned(),
        payload: "17".to_owned(),
        due: Served(0),
    };
    let storage: &dyn Storage = &*world.storage;
    let added = storage.add_jobs(vec![unreadable], Served(0)).await;
    assert_eq!(added.unwrap(), 1);
    let mut errands = vec![
        world.errand("fails", Way::Fails(usize::MAX)),
        world.errand("panics", Way::Panics),
    ];
    let good = (0..20).map(|number| world.errand(&format!("good {number}"), Way::Works));
    errands.extend(good);
    assert_eq!(add(&app, &errands).await, 22);
    for number in 0..20 {
        world.until(&format!("good {number} done"), 1).await;
    }
    until("three dead jobs", async || dead(&app).await.len() == 3).await;
    let jobs = dead(&app).await;
    for (job, (key, error)) in jobs.iter().zip([
        ("unreadable", "invalid type"),
        ("fails", "no luck"),
        ("panics", "panicked"),
    ]) {
        assert_eq!((job.key.as_str(), job.attempts), (key, 3));
        assert!(job.error.contains(error), "{}", job.error);
    }
    assert_eq!(happened(world.number, "fails begun"), 3);
    assert_eq!(happened(world.number, "panics begun"), 3);
    // An administrator decides.
    let by = Administrator::local();
    app.retry_job(&by, jobs[1].id).await.unwrap();
    world.until("fails begun", 6).await;
    app.remove_job(&by, jobs[2].id).await.unwrap();
    let none = Err(Error::NoJob);
    assert_eq!(app.remove_job(&by, jobs[2].id).await, none);
    assert_eq!(app.retry_job(&by, jobs[2].id).await, none);
    app.stop().await;
}

#[tokio::test]
async fn what_takes_too_long_fails() {
    let world = World::new();
    let app = world.node().await;
    let endless = Brief(world.errand("endless", Way::Hangs));
    let next = Brief(world.errand("next", Way::Works));
    app.add_jobs(&[endless, next], app.served()).await.unwrap();
    world.until("endless cut", 1).await;
    world.until("next done", 1).await;
    until("a dead job", async || dead(&app).await.len() == 1).await;
    let error = &dead(&app).await[0].error;
    assert!(error.contains("longer than 50ms"), "{error}");
    app.stop().await;
}

#[tokio::test]
async fn a_queue_runs_only_some_at_once_and_holds_up_no_other() {
    let world = World::new();
    let app = world.node().await;
    let endless = (0..5).map(|number| world.errand(&format!("endless {number}"), Way::Hangs));
    add(&app, &endless.collect::<Vec<_>>()).await;
    let other = Brief(world.errand("other", Way::Works));
    app.add_jobs(&[other], app.served()).await.unwrap();
    world.until("other done", 1).await;
    let begun = (0..5).map(|number| happened(world.number, &format!("endless {number} begun")));
    assert!(begun.sum::<usize>() <= Errand::AT_ONCE);
    app.stop().await;
}

#[tokio::test]
async fn nodes_share_a_queue() {
    let world = World::new();
    let nodes = [world.node().await, world.node().await, world.node().await];
    let names: Vec<_> = (0..40).map(|number| format!("errand {number}")).collect();
    let errands: Vec<_> = names
        .iter()
        .map(|name| world.errand(name, Way::Works))
        .collect();
    for node in &nodes {
        add(node, &errands).await;
    }
    for name in names {
        world.until(&format!("{name} done"), 1).await;
        assert_eq!(happened(world.number, &format!("{name} begun")), 1);
    }
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test]
async fn a_job_whose_lease_is_lost_is_cut_off_and_changes_nothing() {
    let world = World::new();
    let app = world.node().await;
    add(&app, &[world.errand("milk", Way::Hangs)]).await;
    world.until("milk begun", 1).await;
    // Extensions keep others away.
    sleep(4 * PACE.extension).await;
    assert_eq!(world.take(app.served()).await, []);
    // As if this node had stood still.
    let later = app.served().after(2 * JOB_LEASE);
    let taken = world.take(later).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].attempts, 2);
    world.until("milk cut", 1).await;
    let storage: &dyn Storage = &*world.storage;
    let finished = storage.finish_job(taken[0].lease, Duration::ZERO, later);
    assert!(finished.await.unwrap());
    app.stop().await;
    assert_eq!(happened(world.number, "milk begun"), 1);
}

#[tokio::test]
async fn a_stop_gives_running_jobs_back() {
    let world = World::new();
    let app = world.node().await;
    add(&app, &[world.errand("milk", Way::Hangs)]).await;
    world.until("milk begun", 1).await;
    let asked = Instant::now();
    app.stop().await;
    // The command line gives a stop four seconds.
    assert!(asked.elapsed() < Duration::from_secs(4));
    assert_eq!(happened(world.number, "milk cut"), 1);
    let taken = world.take(app.served()).await;
    assert_eq!(taken.len(), 1);
}

#[tokio::test]
async fn a_job_that_is_too_large_is_refused() {
    let world = World::new();
    let app = world.idle_node().await;
    let large = world.errand(&"a".repeat(JOB_KEY_BYTES + 1), Way::Works);
    let added = app.add_jobs(&[large], app.served()).await;
    assert_eq!(added, Err(Error::Internal));
    app.stop().await;
}

#[tokio::test]
async fn chores_are_done_once_in_a_period_whatever_starts() {
    let world = World::new();
    let storage: &dyn Storage = &*world.storage;
    let session = NewSession {
        token: TokenHash([7; 32]),
        at: Timestamp::from_millis(0),
        used: Served(0),
    };
    let session = storage.create_session(PersonId(7), session).await.unwrap();
    let late = Served(1).after(SESSION_LIFETIME);
    storage.serve(late).await.unwrap();
    let app = world.idle_node().await;
    app.run_jobs();
    until("the session's end", async || {
        let ended = storage.revocations_after(RevocationId(0), 9).await.unwrap();
        let mut ended = ended.into_iter().filter_map(|ended| ended.revoked);
        ended.any(|revoked| revoked == Revoked::Ended(session))
    })
    .await;
    let period = chores::period_of(late);
    assert_eq!(app.add_chores(period).await, Ok(0));
    app.stop().await;
    let other = world.idle_node().await;
    assert_eq!(other.add_chores(period).await, Ok(0));
    assert_eq!(other.add_chores(period + 1).await, Ok(5));
    other.stop().await;
}
