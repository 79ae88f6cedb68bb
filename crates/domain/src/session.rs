//! Sessions.

use std::time::Duration;

/// A session that wasn't used for this long, 30 days of service, has ended.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(30 * 24);
