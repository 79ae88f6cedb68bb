//! Kinds of jobs that do what their payload says, and note it.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::super::*;

/// What happened, by the number of the test's world.
static DIARY: LazyLock<Mutex<HashMap<u64, Vec<String>>>> = LazyLock::new(Mutex::default);

/// A job that does what its payload says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Errand {
    pub(super) world: u64,
    pub(super) name: String,
    pub(super) way: Way,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Way {
    Works,
    /// Fails so many times.
    Fails(usize),
    Panics,
    /// Doesn't end.
    Hangs,
}

/// The same kind of job, with other limits.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Brief(pub(super) Errand);

impl Job for Errand {
    const QUEUE: &'static str = "errands";
    const AT_ONCE: usize = 2;
    const TRIES: u32 = 3;
    const REMEMBERED: Duration = Duration::from_hours(1);

    fn key(&self) -> String {
        self.name.clone()
    }

    async fn run(self, _: Arc<App>) -> Result<(), Failure> {
        self.note("begun");
        let tries = happened(self.world, &format!("{} begun", self.name));
        match self.way {
            Way::Works => sleep(Duration::from_millis(2)).await,
            Way::Fails(times) if tries <= times => return Err("no luck".into()),
            Way::Fails(_) => {}
            Way::Panics => panic!("as told"),
            Way::Hangs => {
                let _cut = Cut(self);
                return std::future::pending().await;
            }
        }
        self.note("done");
        Ok(())
    }
}

impl Job for Brief {
    const QUEUE: &'static str = "brief";
    const AT_ONCE: usize = 1;
    const TRIES: u32 = 1;
    const LIMIT: Duration = Duration::from_millis(50);

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, app: Arc<App>) -> Result<(), Failure> {
        self.0.run(app).await
    }
}

impl Errand {
    fn note(&self, what: &str) {
        let mut diary = DIARY.lock();
        let entry = format!("{} {what}", self.name);
        diary.entry(self.world).or_default().push(entry);
    }
}

/// Notes that a job was cut off.
struct Cut(Errand);

impl Drop for Cut {
    fn drop(&mut self) {
        self.0.note("cut");
    }
}

/// How often this happened.
pub(super) fn happened(world: u64, what: &str) -> usize {
    let diary = DIARY.lock();
    let entries = diary.get(&world).into_iter().flatten();
    entries.filter(|entry| *entry == what).count()
}
