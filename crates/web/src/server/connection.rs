//! One HTTP connection, from accept to close or upgrade.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tower::ServiceExt;

use crate::caller::Peer;
use crate::site::Site;

/// The most bytes of a request's head; more are answered 431.
const HEADER_BYTES: usize = 16 * 1024;
/// The longest that a request's head may take, which is also how long a connection may idle.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// The same for a proxy, which keeps its connections for later and isn't slow.
const PROXY_HEADER_TIME: Duration = Duration::from_mins(5);

/// A place among the connections; free when its last copy is dropped. The server puts it into each request too, for
/// whoever takes over an upgraded connection.
#[derive(Debug, Clone)]
pub(crate) struct Slot(
    #[expect(dead_code, reason = "is held, not read")] Arc<OwnedSemaphorePermit>,
);

impl Slot {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(permit))
    }
}

/// Serves requests on a connection until it is closed, upgraded, or the server stops.
pub(super) async fn serve(
    stream: TcpStream,
    peer: Peer,
    slot: OwnedSemaphorePermit,
    router: Router,
    site: Arc<Site>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "can't set TCP_NODELAY");
    }
    let slot = Slot::new(slot);
    let service = service_fn(move |request| answer(router.clone(), request, peer, slot.clone()));
    let header_time = if site.settings.trusts(peer.0.ip()) {
        PROXY_HEADER_TIME
    } else {
        HEADER_TIME
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time)
        .max_header_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = &mut connection => result,
        () = site.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "connection");
    }
}

async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: Peer,
    slot: Slot,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(slot);
    router.oneshot(request.map(Body::new)).await
}
