//! What every handler has at hand.

use std::sync::Arc;

use papo_app::App;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::settings::WebSettings;

/// What every handler has at hand.
pub(crate) struct Site {
    /// What people can do.
    pub(crate) app: Arc<App>,
    /// What was set.
    pub(crate) settings: WebSettings,
    /// The sockets, which outlive their request. The stop waits for them.
    pub(crate) sockets: TaskTracker,
    /// The server is told to stop.
    pub(crate) stopping: CancellationToken,
}

impl Site {
    pub(crate) fn new(
        app: Arc<App>,
        settings: WebSettings,
        stopping: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            app,
            settings,
            sockets: TaskTracker::new(),
            stopping,
        })
    }
}
