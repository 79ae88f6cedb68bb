//! One HTTP connection, from accept to close or upgrade.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::arrivals::{Arrivals, HOLD, Place};
use super::arriving::arriving;
use crate::caller::Peer;
use crate::site::Site;

/// The most bytes of a request's head; more are answered 431.
const HEADER_BYTES: usize = 16 * 1024;
/// The longest that a request's head may take, which is also how long a connection may idle.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// The same for a proxy, which keeps its connections for later and isn't slow.
const PROXY_HEADER_TIME: Duration = Duration::from_mins(5);

/// Who takes nothing of what was sent for so long is gone. Longer than a session waits, which says goodbye.
const TAKE_TIME: Duration = Duration::from_mins(1);
/// At the stop, who isn't being answered has two such times to ask, and at least one to take an answer.
const DAWDLE: Duration = Duration::from_secs(1);

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
    let is_proxy = site.settings.trusts(peer.0.ip());
    let patience = header_time(is_proxy);
    let entering = async {
        if !Arrivals::is_heard(&stream, patience).await {
            return Err(Idle);
        }
        Ok(arrivals.enter((!is_proxy).then(|| peer.0.ip())).await)
    };
    let place = match site.stopping.run_until_cancelled(entering).await {
        Some(Ok(place)) => place,
        Some(Err(Idle)) => return,
        // At the stop nobody waits.
        None => None,
    };
    // What serving takes is had only from here on.
    Box::pin(serve(stream, peer, slot, router, site, place)).await;
}

/// Said nothing for too long.
struct Idle;

fn header_time(is_proxy: bool) -> Duration {
    if is_proxy {
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
    mut place: Option<Place>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "can't set TCP_NODELAY");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(TAKE_TIME)) {
        tracing::debug!(%error, "can't set TCP_USER_TIMEOUT");
    }
    let slot = Slot::new(slot);
    let answered = Arc::new(Notify::new());
    let has_answered = Arc::clone(&answered);
    let is_answering = Arc::new(AtomicBool::new(false));
    let is_asked = Arc::clone(&is_answering);
    let stopping = site.stopping.clone();
    let service = service_fn(move |request| {
        is_asked.store(true, Ordering::Relaxed);
        let answer = answer(router.clone(), request, peer, slot.clone(), &stopping);
        let (has_answered, is_asked) = (Arc::clone(&has_answered), Arc::clone(&is_asked));
        async move {
            let answer = answer.await;
            is_asked.store(false, Ordering::Relaxed);
            has_answered.notify_one();
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time(site.settings.trusts(peer.0.ip())))
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
                tokio::select! {
                    result = &mut connection => break result,
                    () = dawdling(&is_answering) => break Ok(()),
                }
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "connection");
    }
}

/// Waits until nobody has been answered for a while.
async fn dawdling(is_answering: &AtomicBool) {
    let mut idle = 0;
    while idle < 2 {
        sleep(DAWDLE).await;
        idle = if is_answering.load(Ordering::Relaxed) {
            0
        } else {
            idle + 1
        };
    }
}

fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: Peer,
    slot: Slot,
    stopping: &CancellationToken,
) -> impl Future<Output = Result<Response, Infallible>> + use<> {
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(slot);
    router.oneshot(request.map(|body| arriving(body, stopping)))
}
