//! The recorder for `/metrics`.

use anyhow::{Result, anyhow};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use papo_app::{BATCH_BUCKETS, BATCH_EVENTS, COMMIT_BUCKETS, COMMIT_SECONDS};
use papo_web::MetricsWriter;

/// Installs the recorder. Returns what writes its figures.
pub(super) fn install() -> Result<MetricsWriter> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(BATCH_EVENTS.into()), &BATCH_BUCKETS)?
        .set_buckets_for_metric(Matcher::Full(COMMIT_SECONDS.into()), &COMMIT_BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| anyhow!("counting figures: {error}"))?;
    Ok(MetricsWriter::new(move || {
        handle.run_upkeep();
        handle.render()
    }))
}
