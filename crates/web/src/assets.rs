//! The files of `client/dist`, which `build.rs` embeds in the binary.
//!
//! Pages name a file by [`url`], in a folder that is named by the hash of all files. Browsers may
//! keep that answer for ever. Without the folder, or in an older one, they check the file by its
//! `ETag` each time. The scripts import each other by relative names, so each of them has one
//! address in a page, and is loaded once.
//!
//! A part of the app that is loaded on its first use (`chunk-….js`) fits only the scripts with which
//! it was built. So it is nowhere but in their folder.

use axum::Extension;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, StatusCode};

use crate::encoding::Encoding;
use crate::failure::Failure;
use crate::waiting::Uncounted;

/// A file of `client/dist`.
struct Asset {
    name: &'static str,
    /// The first 64 bits of its content's hash, for its tag.
    version: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of a file, for pages.
pub(crate) fn url(name: &str) -> String {
    match find(name) {
        Some(_) => format!("/static/{ASSETS_VERSION}/{name}"),
        None => format!("/static/{name}"),
    }
}

/// `GET /static/{file}`
pub(crate) async fn show(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let asset = find(&name).filter(|asset| !asset.is_part());
    Ok(asset.ok_or(Failure::NotFound)?.answer(&headers, false))
}

/// `GET /static/{version}/{file}`
pub(crate) async fn show_version(
    Path((version, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let is_current = version == ASSETS_VERSION;
    let asset = find(&name).filter(|asset| is_current || !asset.is_part());
    Ok(asset.ok_or(Failure::NotFound)?.answer(&headers, is_current))
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
    /// Whether scripts load it on its first use, instead of pages.
    fn is_part(&self) -> bool {
        self.name.starts_with("chunk-")
    }

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
        for name in ["papo.css", "chat.css", "chat.js", "page.js", "favicon.svg"] {
            assert!(
                url(name).starts_with("/static/") && url(name).ends_with(&format!("/{name}")),
                "{name} isn't in client/dist"
            );
        }
    }

    #[test]
    fn scripts_and_styles_shrink_in_both_forms() {
        for name in ["papo.css", "chat.css", "chat.js", "page.js"] {
            let asset = find(name).unwrap();
            assert!(asset.gzip.len() < asset.plain.len(), "{name}");
            assert!(asset.brotli.len() < asset.gzip.len(), "{name}");
        }
    }

    #[test]
    fn the_chat_screen_is_a_small_download() {
        let size = |name| find(name).map_or(0, |asset| asset.gzip.len());
        assert!(size("chat.js") + size("chat.css") <= 60 * 1024);
    }
}
