//! What a line of the log begins with.

use std::io::IsTerminal as _;
use std::sync::LazyLock;

use papo_app::Clock;

/// Whether people look at the log as it comes.
pub(crate) static IS_TERMINAL: LazyLock<bool> = LazyLock::new(|| std::io::stderr().is_terminal());

/// The time.
pub(crate) fn head() -> String {
    let now = Clock::system().now();
    if *IS_TERMINAL {
        format!("\u{1b}[2m{now}\u{1b}[0m ")
    } else {
        format!("{now} ")
    }
}
