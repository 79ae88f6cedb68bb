//! The files of `client/dist`, which `build.rs` embeds in the binary.
//!
//! Pages name a file by [`url`], with its content's hash. Browsers may keep that answer for ever.
//! Without the hash, or with an older one, they check the file by its `ETag` each time.

use axum::Extension;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::encoding::Encoding;
use crate::failure::Failure;
use crate::waiting::Uncounted;

/// A file of `client/dist`.
struct Asset {
    name: &'static str,
    /// The first 64 bits of its content's hash.
    version: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of a file, for pages.
pub(crate) fn url(name: &str) -> String {
    match find(name) {
        Some(asset) => format!("/static/{name}?v={}", asset.version),
        None => format!("/static/{name}"),
    }
}

#[derive(Deserialize)]
pub(crate) struct Version {
    v: Option<String>,
}

/// `GET /static/{file}`
pub(crate) async fn show(
    Path(name): Path<String>,
    Query(version): Query<Version>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let asset = find(&name).ok_or(Failure::NotFound)?;
    let is_current = version.v.as_deref() == Some(asset.version);
    Ok(asset.answer(&headers, is_current))
}

/// `GET /favicon.ico`: for browsers that ask without reading a page.
pub(crate) async fn icon(headers: HeaderMap) -> Result<Response, Failure> {
    let asset = find("favicon.svg").ok_or(Failure::NotFound)?;
    Ok(asset.answer(&headers, false))
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

impl Asset {
    fn answer(&self, headers: &HeaderMap, is_current: bool) -> Response {
        let encoding = Encoding::wanted(headers)
            .filter(|&encoding| self.encoded(encoding).len() < self.plain.len());
        let form = encoding.map(|encoding| format!("-{}", encoding.as_str()));
        let tag = format!("\"{}{}\"", self.version, form.unwrap_or_default());
        let keep = if is_current {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let about = [
            (CACHE_CONTROL, keep),
            (VARY, "accept-encoding"),
            (ETAG, tag.as_str()),
        ];
        if is_known(headers, &tag) {
            return (StatusCode::NOT_MODIFIED, about).into_response();
        }
        let content = [(CONTENT_TYPE, self.media_type())];
        let uncounted = Extension(Uncounted);
        match encoding {
            Some(encoding) => {
                let encoded = [(CONTENT_ENCODING, encoding.as_str())];
                (about, content, encoded, uncounted, self.encoded(encoding)).into_response()
            }
            None => (about, content, uncounted, self.plain).into_response(),
        }
    }

    fn encoded(&self, encoding: Encoding) -> &'static [u8] {
        match encoding {
            Encoding::Brotli => self.brotli,
            Encoding::Gzip => self.gzip,
        }
    }

    fn media_type(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("woff2") => "font/woff2",
            Some("webmanifest") => "application/manifest+json",
            _ => "application/octet-stream",
        }
    }
}

/// Whether the client already has this form.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_files_by_their_content() {
        for name in ["papo.css", "chat.js", "page.js", "favicon.svg"] {
            assert!(
                url(name).starts_with(&format!("/static/{name}?v=")),
                "{name} isn't in client/dist"
            );
        }
    }

    #[test]
    fn scripts_and_styles_shrink_in_both_forms() {
        for name in ["papo.css", "chat.js", "page.js"] {
            let asset = find(name).unwrap();
            assert!(asset.gzip.len() < asset.plain.len(), "{name}");
            assert!(asset.brotli.len() < asset.gzip.len(), "{name}");
        }
    }

    #[test]
    fn the_chat_screen_is_a_small_download() {
        let size = |name| find(name).map_or(0, |asset| asset.gzip.len());
        assert!(size("chat.js") + size("papo.css") <= 60 * 1024);
    }
}
