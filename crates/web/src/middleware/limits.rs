//! Refuses requests with an unclear host or length, and ends those that take too long, such as a
//! form that never arrives.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use super::FORM_BYTES;
use crate::failure::Failure;
use crate::site::Site;
use crate::waiting::{Full, Taker, Unfinished};

/// It is longer than any wait of the application.
const LIMIT: Duration = Duration::from_secs(30);
/// The content type of forms.
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Refuses a request without a host or with two, as RFC 9112 demands.
pub(super) async fn refuse_unclear_host(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Failure::Other(StatusCode::BAD_REQUEST).into_response();
    }
    next.run(request).await
}

/// Waits for the whole form before the session is looked up, so that a right that ends meanwhile
/// isn't used any more. A request without a body counts as an empty form, whatever its content
/// type: programs that press a button send none.
pub(super) async fn take_form_first(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let taker = parts.extensions.get::<Taker>().cloned();
    // The form counts until it has been acted on.
    let mut unfinished = Unfinished::default();
    let counted = |bytes| match &taker {
        Some(taker) => unfinished.grow(&site.waiting, taker, bytes),
        None => Ok(()),
    };
    match read_form(body, counted).await {
        Ok(form) => {
            if form.is_empty() {
                parts.headers.insert(CONTENT_TYPE, FORM);
            }
            next.run(Request::from_parts(parts, Body::from(form))).await
        }
        Err(Unread::Full) => site.full().into_response(),
        Err(Unread::Refused(status)) => Failure::Other(status).into_response(),
    }
}

/// Why a form isn't read to its end.
enum Unread {
    /// There is no space for it.
    Full,
    Refused(StatusCode),
}

/// Reads a form, and asks for space as it grows. It doesn't keep the pieces in which the form
/// comes: a piece of one byte costs a hundred.
async fn read_form(
    mut body: Body,
    mut room_for: impl FnMut(usize) -> Result<(), Full>,
) -> Result<Bytes, Unread> {
    let too_large = Unread::Refused(StatusCode::PAYLOAD_TOO_LARGE);
    if body.size_hint().lower() > FORM_BYTES as u64 {
        return Err(too_large);
    }
    let mut form = BytesMut::new();
    while let Some(piece) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let piece = piece.map_err(|_| Unread::Refused(StatusCode::BAD_REQUEST))?;
        let Ok(piece) = piece.into_data() else {
            continue;
        };
        let bytes = form.len() + piece.len();
        if bytes > FORM_BYTES {
            return Err(too_large);
        }
        room_for(bytes).map_err(|Full| Unread::Full)?;
        form.extend_from_slice(&piece);
    }
    Ok(form.freeze())
}

/// Refuses a request with an unknown transfer encoding, as RFC 9112 demands: hyper looks only at
/// the last one. A proxy may have understood such a request differently, so nothing more is read
/// from this connection.
pub(super) async fn refuse_unclear_length(request: Request, next: Next) -> Response {
    let Some(status) = unclear_length(request.headers()) else {
        return next.run(request).await;
    };
    let mut response = Failure::Other(status).into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

fn unclear_length(headers: &HeaderMap) -> Option<StatusCode> {
    let values = headers.get_all(TRANSFER_ENCODING).iter();
    let codings = values.flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let codings: Vec<_> = codings
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty())
        .collect();
    let is_chunked = |coding: &&&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let chunked = codings.iter().filter(is_chunked).count();
    match (codings.len(), chunked) {
        (0, _) if !headers.contains_key(TRANSFER_ENCODING) => None,
        (1, 1) => None,
        (all, chunked) if all > chunked && chunked <= 1 => Some(StatusCode::NOT_IMPLEMENTED),
        _ => Some(StatusCode::BAD_REQUEST),
    }
}

pub(super) async fn end_slow_requests(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::Timeout.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bodies_in_chunks_or_of_a_known_length_are_read() {
        let unclear = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs
                .iter()
                .map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            unclear_length(&pairs.collect::<HeaderMap>()).map(|status| status.as_u16())
        };
        let coding = "transfer-encoding";
        assert_eq!(unclear(&[]), None);
        assert_eq!(unclear(&[("content-length", "5")]), None);
        for chunked in ["chunked", "Chunked", " chunked ,"] {
            assert_eq!(unclear(&[(coding, chunked)]), None, "{chunked}");
        }
        for twice in ["chunked, chunked", "chunked,gzip,chunked", ""] {
            assert_eq!(unclear(&[(coding, twice)]), Some(400), "{twice}");
        }
        for unknown in [
            "gzip, chunked",
            "gzip",
            "chunked;a=b",
            "x,chunked",
            "identity",
        ] {
            assert_eq!(unclear(&[(coding, unknown)]), Some(501), "{unknown}");
        }
        let two = [(coding, "gzip"), (coding, "chunked")];
        assert_eq!(unclear(&two), Some(501));
        let two = [(coding, "chunked"), (coding, "chunked")];
        assert_eq!(unclear(&two), Some(400));
    }
}
