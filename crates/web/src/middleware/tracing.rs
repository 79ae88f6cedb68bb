//! Logs each request: its route and status, never its address, path or content.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

pub(super) async fn note(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    // The path may hold the secret of a one-time link.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    tracing::debug!(%method, route, status, ?took, "request");
    let labels = [("route", route.to_owned()), ("status", status.to_string())];
    metrics::histogram!("papo_http_request_seconds", &labels).record(took);
    response
}
