//! One HTTP connection, from accept to close or upgrade.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::sleep;
use tower::ServiceExt;

use super::arrivals::{Arrivals, HOLD, Place};
use super::arriving::arriving;
use super::places::Slot;
use super::stream::ClientStream;
use crate::caller::{Caller, Peer};
use crate::cookies::session_token;
use crate::site::Site;
use crate::waiting::{Outlet, Taker};

/// The most bytes of a request's head. Larger ones are answered with 431.
const HEADER_BYTES: usize = 16 * 1024;
/// The longest that a request's head may take, which is also how long a connection may idle.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// The same for a proxy, which keeps idle connections and isn't slow.
const PROXY_HEADER_TIME: Duration = Duration::from_mins(5);

/// The same on a reserved place.
const KEPT_HEADER_TIME: Duration = Duration::from_secs(2);

/// A client that reads nothing of an answer for this long is gone.
const TAKE_TIME: Duration = Duration::from_secs(10);
/// The same for a socket. It is longer than the wait of the socket's session, which closes it
/// properly.
const SOCKET_TAKE_TIME: Duration = Duration::from_mins(1);
/// Answers are buffered until this much waits for the kernel.
const BUFFER_BYTES: usize = 32 * 1024;
/// What the kernel keeps of an answer beyond what is on its way. A distant reader has as much on
/// its way as it takes; what nobody reads stays this small.
const UNSENT_BYTES: u32 = 16 * 1024;
/// What the kernel keeps in all: about 64 KiB on their way. By default it is up to 4 MiB.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// When the server stops, a connection without a request has two of these to send one, and at least
/// one to read an answer.
const DAWDLE: Duration = Duration::from_secs(1);

/// Lets a connection in, and serves it.
pub(super) async fn receive(
    stream: TcpStream,
    peer: Peer,
    slot: Slot,
    router: Router,
    site: Arc<Site>,
    arrivals: Arrivals,
) {
    let is_proxy = site.settings.trusts(peer.0.ip());
    let patience = header_time(is_proxy, &slot);
    let entering = async {
        if !Arrivals::is_heard(&stream, patience).await {
            return Err(Idle);
        }
        Ok(arrivals.enter((!is_proxy).then(|| peer.0.ip())).await)
    };
    let place = match site.stopping.run_until_cancelled(entering).await {
        Some(Ok(place)) => place,
        Some(Err(Idle)) => return,
        // When the server stops, nobody waits.
        None => None,
    };
    // The memory for serving is allocated only from here on.
    Box::pin(serve(stream, peer, slot, router, site, place)).await;
}

/// The client sent nothing for too long.
struct Idle;

fn header_time(is_proxy: bool, slot: &Slot) -> Duration {
    if slot.is_kept() {
        KEPT_HEADER_TIME
    } else if is_proxy {
        PROXY_HEADER_TIME
    } else {
        HEADER_TIME
    }
}

/// Serves requests on a connection until it is closed, upgraded, or the server stops.
async fn serve(
    stream: TcpStream,
    peer: Peer,
    slot: Slot,
    router: Router,
    site: Arc<Site>,
    mut place: Option<Place>,
) {
    bound(&stream);
    let patience = header_time(site.settings.trusts(peer.0.ip()), &slot);
    let answered = Arc::new(Notify::new());
    let has_answered = Arc::clone(&answered);
    let is_answering = Arc::new(AtomicBool::new(false));
    let is_asked = Arc::clone(&is_answering);
    // Notified when others need the space of an answer that the client doesn't read.
    let cut = Arc::new(Notify::new());
    let outlet = {
        let cut = Arc::clone(&cut);
        Outlet::new(move || cut.notify_one())
    };
    let own_outlet = Arc::clone(&outlet);
    let stream = ClientStream::new(stream, Arc::clone(&outlet));
    let edge = Arc::clone(&site);
    let service = service_fn(move |mut request: Request<Incoming>| {
        is_asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(slot.clone());
        let answer = answer(
            router.clone(),
            request,
            Arc::clone(&edge),
            Arc::clone(&outlet),
        );
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
        .header_read_timeout(patience)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut hold = pin!(sleep(HOLD));
    let result = loop {
        tokio::select! {
            // This comes first, to note what the kernel takes before anything is cut.
            biased;
            result = &mut connection => break result,
            () = answered.notified(), if place.is_some() => place = None,
            () = &mut hold, if place.is_some() => place = None,
            () = cut.notified() => {
                if own_outlet.is_slow() {
                    site.waiting.note_cut();
                    break Ok(());
                }
            }
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

/// Waits until nothing has been answered for a while.
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

/// Bounds how much the kernel keeps for a client that reads nothing, and for how long.
fn bound(stream: &TcpStream) {
    let socket = socket2::SockRef::from(stream);
    // An option that can't be set doesn't keep the others from being set.
    set("TCP_NODELAY", socket.set_tcp_nodelay(true));
    set("SO_SNDBUF", socket.set_send_buffer_size(SEND_BUFFER_BYTES));
    #[cfg(target_os = "linux")]
    {
        set(
            "TCP_NOTSENT_LOWAT",
            socket.set_tcp_notsent_lowat(UNSENT_BYTES),
        );
        set(
            "TCP_USER_TIMEOUT",
            socket.set_tcp_user_timeout(Some(TAKE_TIME)),
        );
    }
}

fn set(option: &str, result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "can't set {option}");
    }
}

/// Gives a socket as much time as its session waits for it.
pub(crate) fn wait_longer(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(stream);
        set(
            "TCP_USER_TIMEOUT",
            socket.set_tcp_user_timeout(Some(SOCKET_TAKE_TIME)),
        );
    }
}

/// Answers a request. The request carries its taker, for whatever counts the answer.
async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    site: Arc<Site>,
    outlet: Arc<Outlet>,
) -> Result<Response, Infallible> {
    let caller = Caller::of(request.headers(), request.extensions(), &site);
    let session = session_token(request.headers(), &caller);
    let taker = Taker::new(caller.address, session, outlet);
    let is_kept = request
        .extensions()
        .get::<Slot>()
        .is_some_and(Slot::is_kept);
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(taker);
    let request = request.map(|body| arriving(body, &site.stopping));
    let mut response = router.oneshot(request).await?;
    if is_kept {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}
