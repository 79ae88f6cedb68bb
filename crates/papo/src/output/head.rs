//! The beginning of a log line.

use std::io::IsTerminal as _;
use std::sync::LazyLock;

use papo_app::Clock;

/// Whether standard error is a terminal.
pub(crate) static IS_TERMINAL: LazyLock<bool> = LazyLock::new(|| std::io::stderr().is_terminal());

/// The beginning of a line: the time.
pub(crate) fn head() -> String {
    let now = Clock::system().now();
    if *IS_TERMINAL {
        format!("\u{1b}[2m{now}\u{1b}[0m ")
    } else {
        format!("{now} ")
    }
}
