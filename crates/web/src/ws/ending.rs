//! How a socket ends.

use std::io;

use papo_app::Error;
use papo_websocket::CloseCode;

use super::answers::plain_close_code;

/// Why the server closes a socket.
pub(super) struct Closing {
    pub(super) code: CloseCode,
    pub(super) reason: String,
}

impl Closing {
    pub(super) fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// How a session ends: with a close frame, or because the socket is gone.
pub(super) enum End {
    Close(Closing),
    /// The client's close frame, which is answered with the same code.
    Echo(CloseCode),
    Gone,
}

impl std::convert::From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl std::convert::From<Closing> for End {
    fn from(closing: Closing) -> Self {
        Self::Close(closing)
    }
}

/// How a plain socket with a refused message ends.
pub(super) fn plain_end(error: &Error) -> End {
    Closing::new(plain_close_code(error), error.to_string()).into()
}
