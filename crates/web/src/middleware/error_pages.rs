//! Writes the page of a failed answer, in the reader's language.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};

use super::compression;
use crate::failure::Failure;
use crate::page::{Page, show_with};
use crate::pages::ErrorPage;
use crate::site::Site;

pub(super) async fn write(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let page = Page::of(&mut parts, &site);
    // A client that opens a socket reads no pages.
    let is_socket = parts.uri.path().starts_with("/ws/");
    let encoding = compression::wanted(&parts.headers);
    let response = next.run(Request::from_parts(parts, body)).await;
    if is_socket {
        return response;
    }
    let mut response = match Failure::of(response.status(), response.extensions()) {
        // Handlers write pages or JSON; axum's own answers are plain text.
        Some(failure)
            if !is(response.headers(), "text/html")
                && !is(response.headers(), "application/json") =>
        {
            compression::shrink(replace(response, page, &failure), encoding).await
        }
        _ => response,
    };
    if is(response.headers(), "text/html") {
        response
            .headers_mut()
            .append(VARY, HeaderValue::from_static("accept-language, cookie"));
    }
    response
}

/// The failure's page, with the headers of the bare answer (`Allow`, `Retry-After`).
fn replace(response: Response, page: Page, failure: &Failure) -> Response {
    let (mut parts, _) = response.into_parts();
    let status = parts.status;
    let Ok(page) = show_with(status, &ErrorPage::new(page.with_settings(), failure)) else {
        return status.into_response();
    };
    let (about, body) = page.into_parts();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    parts.headers.extend(about.headers);
    Response::from_parts(parts, body)
}

fn is(headers: &HeaderMap, media_type: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(media_type.as_bytes()))
}
