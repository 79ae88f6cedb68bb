//! What operators can measure.
//!
//! The handles are looked up once and then are plain atomics. The program installs a recorder
//! before [`App::start`](crate::App::start); without one, nothing is counted.

use metrics::Unit;
use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

/// Upper bounds of the buckets of [`BATCH_EVENTS`].
pub const BATCH_BUCKETS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0];
/// Upper bounds of the buckets of [`COMMIT_SECONDS`].
pub const COMMIT_BUCKETS: [f64; 10] = [
    0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0,
];

/// The histogram of how many changes are committed together.
pub const BATCH_EVENTS: &str = "papo_commit_batch_events";
/// The histogram of how many seconds a commit takes.
pub const COMMIT_SECONDS: &str = "papo_commit_seconds";

/// The handles.
pub struct Metrics {
    /// Frames written to sockets.
    pub deliveries: Counter,
    /// Bytes written to sockets.
    pub delivered_bytes: Counter,
    /// Clients that had to start over.
    pub resets: Counter,
    /// Sockets closed because the client read too slowly or was silent.
    pub slow_readers: Counter,
    /// Requests on sockets that were refused.
    pub refusals: Counter,
    /// Sockets opened.
    pub sockets_opened: Counter,
    pub(crate) events: Counter,
    pub(crate) batch_events: Histogram,
    pub(crate) commit_seconds: Histogram,
    pub(crate) commit_failures: Counter,
    pub(crate) held_frames: Counter,
    pub(crate) connections: Gauge,
    pub(crate) rooms: Gauge,
    pub(crate) tail_bytes: Gauge,
    pub(crate) waiting: Gauge,
    pub(crate) jobs_done: Counter,
    pub(crate) job_failures: Counter,
    pub(crate) dead_jobs: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        describe_counter!("papo_deliveries_total", "Frames written to sockets");
        describe_counter!(
            "papo_delivered_bytes_total",
            Unit::Bytes,
            "Bytes written to sockets"
        );
        describe_counter!(
            "papo_resets_total",
            "Clients that had to start over from a snapshot"
        );
        describe_counter!(
            "papo_slow_readers_total",
            "Sockets closed because the client read too slowly or was silent"
        );
        describe_counter!(
            "papo_refusals_total",
            "Requests on sockets that were refused"
        );
        describe_counter!("papo_sockets_opened_total", "Sockets opened");
        describe_counter!("papo_events_total", "Events stored");
        describe_histogram!(BATCH_EVENTS, "Changes committed together");
        describe_histogram!(
            COMMIT_SECONDS,
            Unit::Seconds,
            "Time of a commit, flush to disk included"
        );
        describe_counter!("papo_commit_failures_total", "Commits that failed");
        describe_counter!(
            "papo_held_frames_total",
            "Frames held back until it was known whose right to them had ended"
        );
        describe_gauge!("papo_connections", "Open sockets");
        describe_gauge!("papo_live_rooms", "Rooms that somebody follows");
        describe_gauge!(
            "papo_tail_bytes",
            Unit::Bytes,
            "Memory of the live rooms' tails"
        );
        describe_gauge!("papo_waiting_changes", "Changes that wait for the writer");
        describe_counter!("papo_jobs_done_total", "Jobs that this node has done");
        describe_counter!(
            "papo_job_failures_total",
            "Attempts at jobs that failed on this node"
        );
        describe_gauge!("papo_dead_jobs", "Jobs that failed too often");
        Self {
            deliveries: counter!("papo_deliveries_total"),
            delivered_bytes: counter!("papo_delivered_bytes_total"),
            resets: counter!("papo_resets_total"),
            slow_readers: counter!("papo_slow_readers_total"),
            refusals: counter!("papo_refusals_total"),
            sockets_opened: counter!("papo_sockets_opened_total"),
            events: counter!("papo_events_total"),
            batch_events: histogram!(BATCH_EVENTS),
            commit_seconds: histogram!(COMMIT_SECONDS),
            commit_failures: counter!("papo_commit_failures_total"),
            held_frames: counter!("papo_held_frames_total"),
            connections: gauge!("papo_connections"),
            rooms: gauge!("papo_live_rooms"),
            tail_bytes: gauge!("papo_tail_bytes"),
            waiting: gauge!("papo_waiting_changes"),
            jobs_done: counter!("papo_jobs_done_total"),
            job_failures: counter!("papo_job_failures_total"),
            dead_jobs: gauge!("papo_dead_jobs"),
        }
    }
}
