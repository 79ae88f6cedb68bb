//! The body of a request. It may take as long to arrive as a request may, but not while the server
//! stops.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long a body may take while the server stops.
const PATIENCE: Duration = Duration::from_secs(2);

/// A body that fails when it doesn't arrive in time while the server stops.
struct Arriving {
    body: Incoming,
    late: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Wraps a request's body.
pub(super) fn arriving(body: Incoming, stopping: &CancellationToken) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    let stopping = stopping.clone();
    let late = async move {
        stopping.cancelled().await;
        sleep(PATIENCE).await;
    };
    let late = Box::pin(late);
    Body::new(Arriving { body, late })
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| Ok(frame?))),
            Poll::Pending => self
                .late
                .as_mut()
                .poll(context)
                .map(|()| Some(Err("the server stops".into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
