//! Compresses pages and JSON for clients that take it.
//!
//! It compresses whole answers, and not a stream as tower-http does. A slow reader then keeps the
//! few bytes of an answer and no compressor of megabytes.
//!
//! Another site can request a page again and again, each time with a guess in the address, and
//! learn from its length (BREACH). So answers to another site's page stay uncompressed. No page has
//! a token in it: `cross_site.rs` recognises another site's forms by where they come from.

use std::io::Write as _;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Semaphore;

use crate::encoding::Encoding;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The types that are compressed. Everything else is compressed already or short.
const TYPES: [&str; 3] = ["text/html", "application/json", "text/plain"];
/// Shorter answers fit into a packet anyway.
const LEAST: u64 = 1_024;
/// Up to this size compression takes about a millisecond. Larger answers have a thread of their
/// own.
const QUICK: usize = 64 * 1_024;
/// How many answers are compressed on threads of their own at once. Meanwhile others go out
/// uncompressed.
static THREADS: Semaphore = Semaphore::const_new(2);

/// The quality, of 0 to 11 and of 0 to 9. Higher ones take more time and save hardly any bytes.
const BROTLI_QUALITY: i32 = 4;
const GZIP_LEVEL: u32 = 5;

pub(super) async fn compress(request: Request, next: Next) -> Response {
    let wanted = wanted(request.headers());
    shrink(next.run(request).await, wanted).await
}

/// Compresses an answer in the form that the client accepts, if that is smaller.
pub(super) async fn shrink(mut response: Response, wanted: Option<Encoding>) -> Response {
    let Some(length) = compressible(&response) else {
        return response;
    };
    let vary = HeaderValue::from_name(ACCEPT_ENCODING);
    response.headers_mut().append(VARY, vary);
    let Some(encoding) = wanted else {
        return response;
    };
    let (mut parts, body) = response.into_parts();
    let Ok(plain) = to_bytes(body, length).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let Some(compressed) = encode_somewhere(encoding, plain.clone()).await else {
        return Response::from_parts(parts, Body::from(plain));
    };
    let name = HeaderValue::from_static(encoding.as_str());
    parts.headers.insert(CONTENT_ENCODING, name);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(compressed))
}

/// The form that the client accepts; none for another site's page.
pub(super) fn wanted(headers: &HeaderMap) -> Option<Encoding> {
    let is_own = headers
        .get(FETCH_SITE)
        .is_none_or(|site| site == "same-origin" || site == "none");
    Encoding::wanted(headers).filter(|_| is_own)
}

/// The length of an answer that is worth compressing.
fn compressible(response: &Response) -> Option<usize> {
    let kind = response.headers().get(CONTENT_TYPE)?.as_bytes();
    let is_text = TYPES.iter().any(|text| kind.starts_with(text.as_bytes()));
    let length = response.body().size_hint().exact()?;
    let is_raw = !response.headers().contains_key(CONTENT_ENCODING);
    (is_text && is_raw && length >= LEAST)
        .then(|| usize::try_from(length).ok())
        .flatten()
}

async fn encode_somewhere(encoding: Encoding, plain: Bytes) -> Option<Vec<u8>> {
    if plain.len() <= QUICK {
        return encode(encoding, &plain);
    }
    let place = THREADS.try_acquire().ok()?;
    let work = tokio::task::spawn_blocking(move || {
        // The work goes on, and keeps its place, when the client has gone.
        let _place = place;
        encode(encoding, &plain)
    });
    work.await.ok().flatten()
}

/// The compressed form, if it is smaller.
fn encode(encoding: Encoding, plain: &[u8]) -> Option<Vec<u8>> {
    let mut compressed = Vec::with_capacity(plain.len() / 4);
    match encoding {
        Encoding::Brotli => {
            let parameters = BrotliEncoderParams {
                quality: BROTLI_QUALITY,
                // A window as large as the answer, within the allowed sizes.
                lgwin: (plain.len().max(1).ilog2() + 1).clamp(10, 22).cast_signed(),
                size_hint: plain.len(),
                ..BrotliEncoderParams::default()
            };
            brotli::BrotliCompress(&mut &*plain, &mut compressed, &parameters).ok()?;
        }
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(&mut compressed, Compression::new(GZIP_LEVEL));
            encoder.write_all(plain).ok()?;
            encoder.finish().ok()?;
        }
    }
    (compressed.len() < plain.len()).then_some(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_site_asks_for_is_not_compressed() {
        let wanted = |site: Option<&'static str>| {
            let gzip = (ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            let site = site.map(|site| (FETCH_SITE, HeaderValue::from_static(site)));
            wanted(&site.into_iter().chain([gzip]).collect::<HeaderMap>())
        };
        for own in [None, Some("none"), Some("same-origin")] {
            assert_eq!(wanted(own), Some(Encoding::Gzip), "{own:?}");
        }
        for other in ["cross-site", "same-site", ""] {
            assert_eq!(wanted(Some(other)), None, "{other}");
        }
    }

    #[test]
    fn what_does_not_shrink_stays_as_it_is() {
        let noise: Vec<u8> = (0..4_096_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect();
        for encoding in [Encoding::Brotli, Encoding::Gzip] {
            if let Some(compressed) = encode(encoding, &noise) {
                assert!(compressed.len() < noise.len());
            }
            let text = "a lot of the same ".repeat(1_000);
            let compressed = encode(encoding, text.as_bytes()).unwrap();
            assert!(compressed.len() * 10 < text.len());
        }
    }
}
