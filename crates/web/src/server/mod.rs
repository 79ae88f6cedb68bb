//! Accepts connections and serves requests on them, until the server stops.
//!
//! `axum::serve` would do, but has no limits on connections, on headers, and on the time of the
//! stop.

mod arrivals;
mod arriving;
mod connection;
mod places;
mod stream;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use papo_app::App;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use connection::wait_longer;
pub use places::KEPT_PLACES;
pub(crate) use places::{Places, Share, Slot, is_for_keepers};
pub(crate) use stream::ClientStream;

use self::arrivals::Arrivals;
use crate::caller::Peer;
use crate::routes;
use crate::settings::WebSettings;
use crate::site::Site;

/// The pause after an error of the machine, such as too many open files. Others may close theirs
/// meanwhile.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves people on `listener` until `shutdown`. Then it finishes the requests in progress, waits
/// for the sockets to close, and returns within the configured limit.
pub async fn run(
    listener: TcpListener,
    app: Arc<App>,
    settings: WebSettings,
    shutdown: CancellationToken,
) {
    let site = Site::new(app, settings, shutdown.clone());
    let router = routes::router(&site);
    let connections = TaskTracker::new();
    let arrivals = Arrivals::new();
    while let Some((stream, peer, permit)) = shutdown
        .run_until_cancelled(next(&listener, &site.places))
        .await
    {
        let is_proxy = site.settings.trusts(peer.0.ip());
        let address = (!is_proxy).then(|| peer.0.ip());
        let Some(slot) = site.places.take(permit, address) else {
            tracing::debug!("a connection is closed: its network has all that it may have");
            continue;
        };
        let (router, site) = (router.clone(), Arc::clone(&site));
        let connection = connection::receive(stream, peer, slot, router, site, arrivals.clone());
        connections.spawn(connection);
    }
    drop(listener);
    connections.close();
    site.sockets.close();
    let all = async {
        connections.wait().await;
        site.sockets.wait().await;
    };
    if tokio::time::timeout(site.settings.stop_limit, all)
        .await
        .is_err()
    {
        let left = connections.len() + site.sockets.len();
        tracing::warn!(left, "connections didn't end in time and are cut");
    }
}

/// Waits for a free place, then for a connection to take it.
async fn next(
    listener: &TcpListener,
    places: &Places,
) -> (TcpStream, Peer, (OwnedSemaphorePermit, bool)) {
    let permit = places.wait().await;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, Peer(peer), permit),
            Err(error) if is_clients(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The client went away before it was accepted.
fn is_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
