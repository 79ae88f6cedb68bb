//! The layers around every handler. From the outside in they are security headers, error pages, the
//! space of answers, compression, the check against other sites' forms, and limits of time and
//! size.

mod compression;
mod cross_site;
mod error_pages;
mod limits;
mod security_headers;
mod space;
mod tracing;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub(crate) use self::space::want_space;
use crate::site::Site;

/// The largest form.
const FORM_BYTES: usize = 64 * 1024;

/// Puts all layers around the routes.
pub(crate) fn surround(routes: Router<Arc<Site>>, site: &Arc<Site>) -> Router<Arc<Site>> {
    routes
        .layer(from_fn_with_state(
            Arc::clone(site),
            limits::take_form_first,
        ))
        .layer(from_fn(limits::end_slow_requests))
        .layer(from_fn_with_state(Arc::clone(site), cross_site::refuse))
        .layer(from_fn_with_state(Arc::clone(site), space::keep_places))
        .layer(from_fn(limits::refuse_unclear_length))
        .layer(from_fn(limits::refuse_unclear_host))
        .layer(from_fn(compression::compress))
        .layer(from_fn_with_state(Arc::clone(site), space::count_answers))
        .layer(from_fn_with_state(Arc::clone(site), error_pages::write))
        .layer(from_fn(security_headers::add))
        .layer(from_fn(tracing::note))
}
