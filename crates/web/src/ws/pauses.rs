//! The pauses of a socket's task, in reading a log or the client. They keep sockets open for what
//! will be possible in a moment.

use std::time::Duration;

use papo_app::Random;
use tokio::time::{Instant, sleep_until};

/// When each pause ends.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    reading: Option<Instant>,
    hearing: Option<Instant>,
}

impl Pauses {
    /// Pauses the reading of logs for about this time, and never for less. Sockets that were
    /// refused together come again one after the other.
    pub(super) fn pause_reading(&mut self, time: Duration, random: &Random) {
        let half = u64::try_from(time.as_millis() / 2).unwrap_or(u64::MAX);
        let more = Duration::from_millis(random.number() % half.max(1));
        self.reading = Some(Instant::now() + time + more);
    }

    /// Pauses the reading of the client.
    pub(super) fn pause_hearing(&mut self, time: Duration) {
        self.hearing = Some(Instant::now() + time);
    }

    /// Whether logs may be read.
    pub(super) fn may_read(&self) -> bool {
        self.reading.is_none()
    }

    /// Whether the client may be read.
    pub(super) fn may_hear(&self) -> bool {
        self.hearing.is_none()
    }

    /// Ends the pauses whose time has come.
    pub(super) fn end_due(&mut self) {
        if self.may_read() && self.may_hear() {
            return;
        }
        let now = Instant::now();
        for pause in [&mut self.reading, &mut self.hearing] {
            pause.take_if(|until| *until <= now);
        }
    }

    /// Waits for the end of the first pause; for ever without one. An idle socket keeps no timer
    /// for it.
    pub(super) async fn over(&self) {
        let first = self.reading.into_iter().chain(self.hearing).min();
        match first {
            Some(until) => Box::pin(sleep_until(until)).await,
            None => std::future::pending().await,
        }
    }
}
