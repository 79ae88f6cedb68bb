//! What happens around every handler, from the outside in: headers that protect, error pages, the check against other
//! sites' forms, and a limit to how long and how large a request may be.

mod cross_site;
mod error_pages;
mod limits;
mod security_headers;
mod tracing;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::site::Site;

/// The largest form.
const FORM_BYTES: usize = 64 * 1024;

/// Puts all of them around the routes.
pub(crate) fn surround(routes: Router<Arc<Site>>, site: &Arc<Site>) -> Router<Arc<Site>> {
    routes
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(from_fn(limits::end_slow_requests))
        .layer(from_fn_with_state(Arc::clone(site), cross_site::refuse))
        .layer(from_fn(limits::refuse_unclear_host))
        .layer(from_fn_with_state(Arc::clone(site), error_pages::write))
        .layer(from_fn(security_headers::add))
        .layer(from_fn(tracing::note))
}
