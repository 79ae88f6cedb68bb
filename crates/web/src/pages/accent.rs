//! `GET /accent/{file}`: the stylesheet with the tones of an accent, such as `b0136b.css`.
//!
//! The answer follows from the address alone, so that browsers keep it for ever. Pages name the
//! colour that the place has now. The content policy allows no styles within a page.

use std::fmt::Write as _;

use axum::Extension;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use papo_domain::{Accent, Palette, Tones};

use crate::failure::Failure;
use crate::waiting::Uncounted;

/// The address of the stylesheet, for pages.
pub(crate) fn url(accent: Accent) -> String {
    let colour = accent.to_string();
    format!("/accent/{}.css", colour.trim_start_matches('#'))
}

/// `GET /accent/{file}`
pub(crate) async fn show(Path(file): Path<String>) -> Result<Response, Failure> {
    let digits = file.strip_suffix(".css").ok_or(Failure::NotFound)?;
    let accent = Accent::parse(&format!("#{digits}")).map_err(|_| Failure::NotFound)?;
    // Another spelling of the colour has no address.
    if url(accent) != format!("/accent/{file}") {
        return Err(Failure::NotFound);
    }
    let about = [
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (CONTENT_TYPE, "text/css; charset=utf-8"),
    ];
    Ok((about, Extension(Uncounted), styles(accent)).into_response())
}

fn styles(accent: Accent) -> String {
    let light = properties(accent.tones(&Palette::LIGHT));
    let dark = properties(accent.tones(&Palette::DARK));
    // A reader's own theme wins over the system's, as in the client's `tokens.css`.
    format!(
        ":root,:root[data-theme=\"light\"]{{{light}}}\
         @media (prefers-color-scheme:dark){{:root:not([data-theme=\"light\"]){{{dark}}}}}\
         :root[data-theme=\"dark\"]{{{dark}}}"
    )
}

fn properties(tones: Tones) -> String {
    let properties = [
        ("accent", tones.accent),
        ("accent-strong", tones.strong),
        ("accent-ink", tones.ink),
        ("accent-text", tones.text),
        ("accent-soft", tones.soft),
        ("accent-line", tones.line),
        ("bubble-own", tones.soft),
        ("bubble-own-line", tones.line),
    ];
    let mut text = String::new();
    for (name, colour) in properties {
        write!(text, "--{name}:{colour};").expect("a String takes everything");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stylesheet_has_the_tones_of_both_themes() {
        let accent = Accent::of(0x0b_7348);
        assert_eq!(url(accent), "/accent/0b7348.css");
        let styles = styles(accent);
        let light = ":root,:root[data-theme=\"light\"]{--accent:#0b7348;";
        assert!(styles.starts_with(light), "{styles}");
        let dark = ":root[data-theme=\"dark\"]{--accent:#";
        assert!(styles.contains(dark), "{styles}");
        assert_eq!(styles.matches("--accent-text:#").count(), 3);
    }
}
