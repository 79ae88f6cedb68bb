//! Errors of a client's framing.

use crate::CloseCode;

/// The client broke the rules of RFC 6455 or the limit, and the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// Framing that the RFC forbids.
    #[error("{0}")]
    Malformed(&'static str),
    /// A text that isn't UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A message over the limit.
    #[error("the message is too big")]
    TooBig,
}

impl ProtocolError {
    /// The code to close with.
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::Malformed(_) => CloseCode::PROTOCOL,
            Self::NotUtf8 => CloseCode::INVALID,
            Self::TooBig => CloseCode::TOO_BIG,
        }
    }
}
