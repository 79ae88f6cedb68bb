//! Answers for programs: whether the server lives and can serve, its metrics, and what robots may
//! read.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::failure::Failure;
use crate::site::Site;
use crate::waiting::Uncounted;

/// `GET /healthz`: the process answers.
pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// `GET /readyz`: the server can serve people. Fails while the server stops or can't reach its
/// storage.
pub(crate) async fn ready(State(site): State<Arc<Site>>) -> Result<Json<Value>, Failure> {
    site.app.ready().await?;
    Ok(Json(json!({"status": "ok"})))
}

/// `GET /metrics`: metrics for Prometheus. Addresses that may not read them get 404.
pub(crate) async fn metrics(
    State(site): State<Arc<Site>>,
    caller: Caller,
) -> Result<impl IntoResponse, Failure> {
    let readers = &site.settings.metrics_readers;
    if !readers.iter().any(|range| range.contains(caller.address)) {
        return Err(Failure::NotFound);
    }
    site.app.refresh_metrics();
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    // They show why there is no space, and few may read them, so they aren't counted.
    Ok((kind, Extension(Uncounted), site.settings.metrics.write()))
}

/// `GET /robots.txt`: rooms are for people.
pub(crate) async fn robots() -> impl IntoResponse {
    "User-agent: *\nAllow: /$\nDisallow: /\n"
}
