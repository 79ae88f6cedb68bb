//! Links that people pass on, with a picture for a phone's camera.

use std::fmt::Write as _;

use http::HeaderMap;
use http::header::HOST;
use qrcodegen::{QrCode, QrCodeEcc};

use crate::caller::Caller;
use crate::site::Site;

/// Light modules around the code, without which cameras don't find it.
const MARGIN: i32 = 4;

/// A link to join a room.
pub(crate) struct InviteLink {
    pub(crate) url: String,
    /// The picture, as SVG.
    pub(crate) picture: String,
}

impl InviteLink {
    /// A link with its picture. A link that is too long has none.
    pub(crate) fn new(url: String) -> Self {
        let code = QrCode::encode_text(&url, QrCodeEcc::Medium);
        let picture = code.as_ref().map(svg).unwrap_or_default();
        Self { url, picture }
    }
}

/// The link of an invitation. Without a configured address it leads to where the reader is.
pub(crate) fn invite_link(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
    token: &str,
) -> InviteLink {
    let base = match &site.settings.public_url {
        Some(public) => public.to_string(),
        None => {
            let scheme = if caller.is_secure { "https" } else { "http" };
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            format!("{scheme}://{}", host.unwrap_or("localhost"))
        }
    };
    InviteLink::new(format!("{}/invite/{token}/", base.trim_end_matches('/')))
}

fn svg(code: &QrCode) -> String {
    let size = code.size() + 2 * MARGIN;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let (x, y) = (x + MARGIN, y + MARGIN);
            write!(path, "M{x} {y}h1v1h-1z").expect("a String takes everything");
        }
    }
    format!(
        "<svg class=\"qr\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\" \
         aria-hidden=\"true\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/>\
         <path fill=\"#000\" d=\"{path}\"/></svg>"
    )
}
