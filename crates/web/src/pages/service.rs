//! Answers for programs: whether the server lives, whether it can serve, and what robots may read.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::site::Site;

/// `GET /healthz`: the process answers.
pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// `GET /readyz`: people can be served; not while the server stops or can't reach its storage.
pub(crate) async fn ready(State(site): State<Arc<Site>>) -> Result<Json<Value>, Failure> {
    site.app.ready().await?;
    Ok(Json(json!({"status": "ok"})))
}

/// `GET /robots.txt`: rooms are for people.
pub(crate) async fn robots() -> impl IntoResponse {
    "User-agent: *\nAllow: /$\nDisallow: /\n"
}
