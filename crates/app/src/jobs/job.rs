//! Kinds of jobs. Each is a type, with a queue of its own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::App;

/// Why a job failed. Administrators see the text, so it has no secrets and no messages.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A kind of job. Its fields say what it works on; they are stored as JSON.
///
/// A server of another version may store or read them, while servers are replaced one by one. So a
/// new field needs a default.
pub(crate) trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// The name of its queue.
    const QUEUE: &'static str;
    /// How many run at once on one node.
    const AT_ONCE: usize = 4;
    /// How often one is tried before it is dead. With the waits between, twelve tries take about
    /// an hour and a quarter of service.
    const TRIES: u32 = 12;
    /// How long one may run.
    const LIMIT: Duration = Duration::from_mins(1);
    /// How long its key stays taken when it is done. Zero frees the key at once.
    const REMEMBERED: Duration = Duration::ZERO;

    /// What distinguishes it from the others of its queue. A job whose key the queue has already
    /// isn't added.
    fn key(&self) -> String;

    /// Does it. A panic counts as a failure. It may be cut off at any `.await`, and run again.
    fn run(self, app: Arc<App>) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A kind of job without its type.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(super) queue: &'static str,
    pub(super) at_once: usize,
    pub(super) tries: u32,
    pub(super) limit: Duration,
    pub(super) remembered: Duration,
    /// Reads the payload and runs the job.
    pub(super) run: fn(Arc<App>, String) -> BoxFuture<'static, Result<(), Failure>>,
}

impl Kind {
    /// The kind of this type.
    pub(crate) const fn of<J: Job>() -> Self {
        Self {
            queue: J::QUEUE,
            at_once: J::AT_ONCE,
            tries: J::TRIES,
            limit: J::LIMIT,
            remembered: J::REMEMBERED,
            run: |app, payload| {
                Box::pin(async move {
                    let job: J = serde_json::from_str(&payload)?;
                    job.run(app).await
                })
            },
        }
    }
}
