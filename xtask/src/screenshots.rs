//! `cargo xtask screenshots`: the pictures in the documentation.

use anyhow::Result;

use crate::requirements::{chromium, emoji_font, node_packages};
use crate::run::{PAPO, client, command, release_binary, root, step};

/// Takes each page's picture, light and dark, on a desktop and on a phone.
pub(crate) fn run() -> Result<()> {
    let chromium = chromium()?;
    emoji_font()?;
    node_packages()?;
    let binary = release_binary(PAPO)?;
    let mut script = command("npm", &["run", "screenshots"]);
    script
        .current_dir(client())
        .env("PAPO_CHROMIUM", chromium)
        .env("PAPO_BINARY", binary);
    step(script.env("PAPO_SCREENSHOTS", root().join("docs/screenshots")))
}
