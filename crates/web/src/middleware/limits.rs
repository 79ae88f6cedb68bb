//! Refuses requests that aren't clear, and ends those that take too long, such as those whose form never arrives.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::HOST;
use http::{StatusCode, Version};

use crate::failure::Failure;

/// Longer than anything the application waits for.
const LIMIT: Duration = Duration::from_secs(30);

/// Refuses a request that doesn't say, or says twice, whom it asks, as RFC 9112 demands.
pub(super) async fn refuse_unclear_host(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Failure::Other(StatusCode::BAD_REQUEST).into_response();
    }
    next.run(request).await
}

pub(super) async fn end_slow_requests(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::Timeout.into_response(),
    }
}
