//! Refuses requests for which there is no space. It refuses answers when too many wait to be read,
//! and large ones before they are made. On reserved places it refuses everything that isn't for
//! operators.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use papo_app::Error;

use crate::failure::{Failure, as_json};
use crate::server::{Slot, is_for_keepers};
use crate::site::Site;
use crate::waiting::{Full, Taker, Uncounted};

/// Makes a large answer wait for its turn, and refuses it before it is made when there is no space.
pub(crate) async fn want_space(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(taker) = request.extensions().get::<Taker>().cloned() else {
        return next.run(request).await;
    };
    match site.waiting.turn(&taker).await {
        Ok(_turn) => next.run(request).await,
        Err(Full) => site.full().into_response(),
    }
}

/// Counts an answer until the client has taken it. Each is whole in memory before it is sent.
pub(super) async fn count_answers(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    let taker = request.extensions().get::<Taker>().cloned();
    let response = next.run(request).await;
    let is_counted = response.extensions().get::<Uncounted>().is_none();
    let Some(taker) = taker.filter(|_| is_counted) else {
        return response;
    };
    let (parts, body) = response.into_parts();
    let bytes = match to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(%error, "an answer has no end");
            return Failure::App(Error::Internal).into_response();
        }
    };
    let is_json = parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    match site.waiting.count(&taker, bytes) {
        Ok(bytes) => Response::from_parts(parts, Body::from(bytes)),
        Err(Full) if is_json => as_json(site.full().into_response()).await,
        Err(Full) => site.full().into_response(),
    }
}

/// Refuses what reserved places don't answer.
pub(super) async fn keep_places(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    let slot = request.extensions().get::<Slot>();
    if slot.is_some_and(Slot::is_kept) && !is_for_keepers(request.uri().path()) {
        return site.full().into_response();
    }
    next.run(request).await
}
