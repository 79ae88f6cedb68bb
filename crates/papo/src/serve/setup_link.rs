//! The link for the first administrator. The server runs without it, and prints it when it can.

use std::time::Duration;

use papo_app::App;

use super::addresses::Addresses;
use super::say;
use crate::config::Config;

/// The pause between tries. It doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Prints the link, unless there is an administrator. While the database doesn't take the link's
/// secret, it warns and tries again.
pub(super) async fn tell(app: &App, config: &Config, addresses: &Addresses) {
    let mut pause = FIRST_PAUSE;
    let token = loop {
        match app.new_setup_token().await {
            Ok(token) => break token,
            Err(error) => tracing::warn!(
                "the link for the first administrator can't be made yet: {error}; trying again in {} s",
                pause.as_secs()
            ),
        }
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    };
    if let Some(token) = token {
        say(&text(config, addresses, &token));
    }
}

fn text(config: &Config, addresses: &Addresses, token: &str) -> String {
    let public = config.web.public_url.as_ref().map(ToString::to_string);
    let base = public.unwrap_or_else(|| addresses.widest().to_owned());
    format!(
        "There is no administrator yet. Whoever opens this link first can become one:\n  {base}/admin/setup/{token}/"
    )
}
