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
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::sleep;
use tower::ServiceExt;

use super::arrivals::{Arrivals, HOLD, Place};
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

/// Lets somebody in, and serves them.
pub(super) async fn receive(
    stream: TcpStream,
    peer: Peer,
    slot: OwnedSemaphorePermit,
    router: Router,
    site: Arc<Site>,
    arrivals: Arrivals,
) {
    let patience = header_time(&site, peer);
    let entering = arrivals.enter(&stream, patience);
    let place = match site.stopping.run_until_cancelled(entering).await {
        Some(Some(place)) => place,
        // An idle one.
        Some(None) => return,
        // At the stop nobody waits.
        None => None,
    };
    // What serving takes is had only from here on.
    Box::pin(serve(stream, peer, slot, router, site, place)).await;
}

fn header_time(site: &Site, peer: Peer) -> Duration {
    if site.settings.trusts(peer.0.ip()) {
        PROXY_HEADER_TIME
    } else {
        HEADER_TIME
    }
}

/// Serves requests on a connection until it is closed, upgraded, or the server stops.
async fn serve(
    stream: TcpStream,
    peer: Peer,
    slot: OwnedSemaphorePermit,
    router: Router,
    site: Arc<Site>,
    mut place: Place,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "can't set TCP_NODELAY");
    }
    let slot = Slot::new(slot);
    let answered = Arc::new(Notify::new());
    let has_answered = Arc::clone(&answered);
    let service = service_fn(move |request| {
        let answer = answer(router.clone(), request, peer, slot.clone());
        let has_answered = Arc::clone(&has_answered);
        async move {
            let answer = answer.await;
            has_answered.notify_one();
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time(&site, peer))
        .max_header_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut hold = pin!(sleep(HOLD));
    let result = loop {
        tokio::select! {
            result = &mut connection => break result,
            () = answered.notified(), if place.is_some() => place = None,
            () = &mut hold, if place.is_some() => place = None,
            () = site.stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                break connection.await;
            }
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
