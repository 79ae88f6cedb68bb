//! Sessions.

use std::time::Duration;

/// A session that was unused for this long has ended: 30 days of service.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(30 * 24);
