//! What every handler has at hand.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use papo_app::{App, Error};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::failure::Failure;
use crate::server::Places;
use crate::settings::WebSettings;
use crate::waiting::Waiting;

/// What every handler has at hand.
pub(crate) struct Site {
    /// What people can do.
    pub(crate) app: Arc<App>,
    /// What was set.
    pub(crate) settings: WebSettings,
    /// The places that connections have.
    pub(crate) places: Places,
    /// Answers that wait to be taken.
    pub(crate) waiting: Arc<Waiting>,
    /// The sockets, which outlive their request. The stop waits for them.
    pub(crate) sockets: TaskTracker,
    /// The server is told to stop.
    pub(crate) stopping: CancellationToken,
    /// The log has it that a proxy names people in a way that can't be read.
    pub(crate) has_told_of_forwarding: AtomicBool,
}

impl Site {
    pub(crate) fn new(
        app: Arc<App>,
        settings: WebSettings,
        stopping: CancellationToken,
    ) -> Arc<Self> {
        let places = Places::new(settings.max_connections);
        Arc::new(Self {
            app,
            settings,
            places,
            waiting: Waiting::new(),
            sockets: TaskTracker::new(),
            stopping,
            has_told_of_forwarding: AtomicBool::new(false),
        })
    }

    /// There is no space for the answer.
    pub(crate) fn full(&self) -> Failure {
        Error::Unavailable(self.retry()).into()
    }

    /// When somebody may come again for whom there is no space now.
    pub(crate) fn retry(&self) -> Duration {
        Waiting::retry(self.app.random())
    }
}
