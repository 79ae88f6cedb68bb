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
    /// The application.
    pub(crate) app: Arc<App>,
    /// The settings.
    pub(crate) settings: WebSettings,
    /// The places of connections.
    pub(crate) places: Places,
    /// The answers that wait for their readers.
    pub(crate) waiting: Arc<Waiting>,
    /// The sockets' tasks, which outlive their requests. The stop waits for them.
    pub(crate) sockets: TaskTracker,
    /// Cancelled when the server is to stop.
    pub(crate) stopping: CancellationToken,
    /// Whether the log already says that a proxy's header can't be read.
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

    /// The failure when there is no space for an answer.
    pub(crate) fn full(&self) -> Failure {
        Error::Unavailable(self.retry()).into()
    }

    /// When to retry if there is no space now.
    pub(crate) fn retry(&self) -> Duration {
        Waiting::retry(self.app.random())
    }
}
