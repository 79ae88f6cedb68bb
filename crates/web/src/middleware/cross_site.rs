//! Refuses changes that another site's page requests with the reader's cookie (cross-site request
//! forgery).
//!
//! Browsers say where a request comes from: in `Sec-Fetch-Site` on HTTPS and localhost, elsewhere
//! in `Origin` or `Referer`. A request that says nothing is refused too. tower-http's layer accepts
//! it, and answers without a page.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName};

use crate::failure::Failure;
use crate::origin::{is_own_referer, is_same_origin, warn_of_refusal};
use crate::settings::WebSettings;
use crate::site::Site;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) async fn refuse(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    let (headers, settings) = (request.headers(), &site.settings);
    if request.method().is_safe() || is_own(headers, settings) {
        return next.run(request).await;
    }
    // If the browser itself says that it is another site, the operator has made no mistake.
    if !headers.contains_key(FETCH_SITE) {
        warn_of_refusal("a form", headers, settings);
    }
    Failure::CrossSite.into_response()
}

fn is_own(headers: &HeaderMap, settings: &WebSettings) -> bool {
    match headers.get(FETCH_SITE) {
        Some(site) => site == "same-origin" || site == "none",
        None if headers.contains_key(ORIGIN) => is_same_origin(headers, settings),
        None => is_own_referer(headers, settings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own_with(pairs: &[(&'static str, &str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        is_own(&headers.collect(), &WebSettings::default())
    }

    #[test]
    fn own_pages_may_change_things() {
        let host = ("host", "papo.example");
        for own in [
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
            ("origin", "http://papo.example"),
            ("referer", "http://papo.example/room/1/join/?a=b"),
        ] {
            assert!(is_own_with(&[host, own]), "{own:?}");
        }
    }

    #[test]
    fn others_may_not() {
        let host = ("host", "papo.example");
        assert!(!is_own_with(&[host]));
        for other in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", ""),
            ("origin", "null"),
            ("origin", "https://papo.example"),
            ("referer", "https://papo.example/room/1/join/"),
            ("origin", "https://evil.example"),
            ("referer", "https://evil.example/papo.example/"),
            ("referer", "https://papo.example.evil.example/"),
        ] {
            assert!(!is_own_with(&[host, other]), "{other:?}");
        }
        assert!(!is_own_with(&[
            host,
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://papo.example")
        ]));
    }
}
