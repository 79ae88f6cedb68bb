//! The opening handshake: whether the visitor may connect, and in which protocol. A refused one
//! allocates nothing.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use http::header::{CONNECTION, CONTENT_LENGTH, RETRY_AFTER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use papo_app::{Connection, Error, Notice};
use papo_domain::RoomId;
use papo_protocol::SUBPROTOCOL;
use sha1::{Digest, Sha1};

use super::session::{Session, Speech};
use crate::caller::{Caller, Peer};
use crate::failure::status;
use crate::origin::{is_same_origin, warn_of_refusal};
use crate::server::{ClientStream, Share, Slot, wait_longer};
use crate::site::Site;
use crate::visitor::find;
use crate::waiting::{Outlet, Taker};

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");
const VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
const PROTOCOL: HeaderName = HeaderName::from_static("sec-websocket-protocol");
/// The text that RFC 6455 §1.3 hashes with the client's key.
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why a handshake is refused, as a line of text for the client's developer.
type Refusal = (StatusCode, String);

/// `/ws/chat/{id}/`: one room, plain or `papo.v1`.
pub(crate) async fn chat(
    State(site): State<Arc<Site>>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    match id.parse() {
        Ok(room) => answer(site, caller, Some(room), request).await,
        Err(_) => (StatusCode::NOT_FOUND, "no such room").into_response(),
    }
}

/// `/ws/`: many rooms, `papo.v1`.
pub(crate) async fn rooms(
    State(site): State<Arc<Site>>,
    caller: Caller,
    request: Request,
) -> Response {
    answer(site, caller, None, request).await
}

async fn answer(
    site: Arc<Site>,
    caller: Caller,
    room: Option<RoomId>,
    mut request: Request,
) -> Response {
    match open(&site, &caller, room, &mut request).await {
        Ok(response) => response,
        Err((status, reason)) => {
            tracing::debug!(%status, reason, "refusing a socket");
            let mut response = (status, reason).into_response();
            if status == StatusCode::UPGRADE_REQUIRED {
                let headers = response.headers_mut();
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(VERSION, HeaderValue::from_static("13"));
            }
            if matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
            ) {
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            response
        }
    }
}

async fn open(
    site: &Arc<Site>,
    caller: &Caller,
    room: Option<RoomId>,
    request: &mut Request,
) -> Result<Response, Refusal> {
    let headers = request.headers();
    let accept = accept_key(request.method(), request.version(), headers)?;
    if !is_same_origin(headers, &site.settings) {
        warn_of_refusal("a socket", headers, &site.settings);
        return Err((
            StatusCode::FORBIDDEN,
            "the page belongs to another site".into(),
        ));
    }
    let is_full = offers_papo(headers);
    let speech = match room {
        Some(room) if !is_full => Speech::Plain(room),
        None if !is_full => {
            return Err((StatusCode::BAD_REQUEST, format!("speak {SUBPROTOCOL} here")));
        }
        room => Speech::Full(room),
    };
    let found = find(site, headers, caller, room)
        .await
        .map_err(|error| refusal(&error))?;
    let (visitor, token) =
        found.ok_or_else(|| (StatusCode::FORBIDDEN, "join the room first".to_owned()))?;
    let token = token.to_owned();
    let share = socket_share(site, request.extensions().get::<Peer>(), caller)
        .map_err(|error| refusal(&error))?;
    let connection = site
        .app
        .connect(&visitor, room, caller.address)
        .await
        .map_err(|error| refusal(&error))?;
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        site.app.disconnect(&connection);
        return Err((
            StatusCode::BAD_REQUEST,
            "this connection can't be upgraded".into(),
        ));
    };
    let slot = request.extensions_mut().remove::<Slot>();
    let taker = {
        let connection = Arc::downgrade(&connection);
        let outlet = Outlet::new(move || {
            if let Some(connection) = connection.upgrade() {
                connection.notice(Notice::Slow);
            }
        });
        Taker::new(caller.address, Some(&token), outlet)
    };
    site.sockets.spawn(serve(
        Arc::clone(site),
        connection,
        speech,
        upgrade,
        (taker, slot, share),
    ));
    Ok(switching(accept, is_full))
}

/// The place that a socket takes from its network's share, if it comes through a proxy. The server
/// has already counted a direct connection.
pub(crate) fn socket_share(
    site: &Site,
    peer: Option<&Peer>,
    caller: &Caller,
) -> Result<Option<Share>, Error> {
    if !peer.is_some_and(|peer| site.settings.trusts(peer.0.ip())) {
        return Ok(None);
    }
    let share = site.places.share(caller.address);
    share
        .map(Some)
        .ok_or_else(|| Error::Unavailable(site.retry()))
}

/// Serves the socket after the handshake's answer. It keeps the connection's place.
async fn serve(
    site: Arc<Site>,
    connection: Arc<Connection>,
    speech: Speech,
    upgrade: OnUpgrade,
    (taker, _slot, _share): (Taker, Option<Slot>, Option<Share>),
) {
    match upgrade
        .await
        .map(Upgraded::downcast::<TokioIo<ClientStream>>)
    {
        Ok(Ok(parts)) => {
            let stream = parts.io.into_inner().into_inner();
            wait_longer(&stream);
            Session::new(&site, connection, speech, (stream, parts.read_buf), taker)
                .run()
                .await;
        }
        Ok(Err(_)) | Err(_) => site.app.disconnect(&connection),
    }
}

/// The answer to the client's key, if the request is a WebSocket handshake.
fn accept_key(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
) -> Result<HeaderValue, Refusal> {
    let is_upgrade = version >= Version::HTTP_11
        && has_token(headers, &CONNECTION, "upgrade")
        && has_token(headers, &UPGRADE, "websocket");
    if method != Method::GET || !is_upgrade {
        return Err((StatusCode::UPGRADE_REQUIRED, "this is a WebSocket".into()));
    }
    let has_length = headers.contains_key(CONTENT_LENGTH) && only(headers, &CONTENT_LENGTH) != b"0";
    if has_length || headers.contains_key(TRANSFER_ENCODING) {
        return Err((StatusCode::BAD_REQUEST, "a handshake has no body".into()));
    }
    if only(headers, &VERSION) != b"13" {
        return Err((
            StatusCode::UPGRADE_REQUIRED,
            "only version 13 is spoken here".into(),
        ));
    }
    let key = only(headers, &KEY);
    if BASE64.decode(key).is_ok_and(|bytes| bytes.len() == 16) {
        let digest = Sha1::new().chain_update(key).chain_update(MAGIC).finalize();
        let accept = HeaderValue::try_from(BASE64.encode(&digest));
        Ok(accept.expect("Base 64 is a header value"))
    } else {
        Err((
            StatusCode::BAD_REQUEST,
            "a key of 16 bytes is missing".into(),
        ))
    }
}

fn offers_papo(headers: &HeaderMap) -> bool {
    has_token(headers, &PROTOCOL, SUBPROTOCOL)
}

/// A header's value, or nothing when it occurs more than once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a [u8] {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.as_bytes(),
        _ => b"",
    }
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn switching(accept: HeaderValue, is_full: bool) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(ACCEPT, accept);
    if is_full {
        headers.insert(PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    response
}

fn refusal(error: &Error) -> Refusal {
    (status(error.kind()), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|&(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_example_of_the_rfc_is_answered_as_there() {
        let headers = headers(&[
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]);
        assert_eq!(
            accept_key(&Method::GET, Version::HTTP_11, &headers).unwrap(),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        assert_eq!(
            accept_key(&Method::POST, Version::HTTP_11, &headers)
                .unwrap_err()
                .0,
            StatusCode::UPGRADE_REQUIRED
        );
    }

    #[test]
    fn a_request_that_is_no_handshake_is_told_so() {
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
        let old = headers(&[upgrade[0], upgrade[1], key, ("sec-websocket-version", "8")]);
        assert_eq!(
            accept_key(&Method::GET, Version::HTTP_11, &old)
                .unwrap_err()
                .0,
            StatusCode::UPGRADE_REQUIRED
        );
        let keyless = headers(&[upgrade[0], upgrade[1], ("sec-websocket-version", "13")]);
        assert_eq!(
            accept_key(&Method::GET, Version::HTTP_11, &keyless)
                .unwrap_err()
                .0,
            StatusCode::BAD_REQUEST
        );
        assert!(accept_key(&Method::GET, Version::HTTP_11, &HeaderMap::new()).is_err());
    }

    #[test]
    fn the_subprotocol_may_be_one_of_several() {
        assert!(offers_papo(&headers(&[(
            "sec-websocket-protocol",
            "chat, papo.v1"
        )])));
        assert!(!offers_papo(&headers(&[(
            "sec-websocket-protocol",
            "papo.v10"
        )])));
    }
}
