//! What a socket's task leaves for a while: reading a log, or hearing the client. Nobody is closed
//! for what will be possible in a moment.

use std::time::Duration;

use papo_app::Random;
use tokio::time::{Instant, sleep_until};

/// Until when something is left.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    reading: Option<Instant>,
    hearing: Option<Instant>,
}

impl Pauses {
    /// No log is read for about this time, and never for less. Sockets that were refused together
    /// come again one after the other.
    pub(super) fn pause_reading(&mut self, time: Duration, random: &Random) {
        let half = u64::try_from(time.as_millis() / 2).unwrap_or(u64::MAX);
        let more = Duration::from_millis(random.number() % half.max(1));
        self.reading = Some(Instant::now() + time + more);
    }

    /// The client isn't heard for this time.
    pub(super) fn pause_hearing(&mut self, time: Duration) {
        self.hearing = Some(Instant::now() + time);
    }

    /// Whether logs may be read.
    pub(super) fn may_read(&self) -> bool {
        self.reading.is_none()
    }

    /// Whether the client may be heard.
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

    /// Waits until the first pause is over; for ever when there is none. An idle socket keeps no
    /// timer for it.
    pub(super) async fn over(&self) {
        let first = self.reading.into_iter().chain(self.hearing).min();
        match first {
            Some(until) => Box::pin(sleep_until(until)).await,
            None => std::future::pending().await,
        }
    }
}
