//! Ends requests that take too long, such as those whose form never arrives.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::failure::Failure;

/// Longer than anything the application waits for.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn end_slow_requests(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::Timeout.into_response(),
    }
}
