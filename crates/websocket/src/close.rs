//! Why a connection is closed.

use crate::ProtocolError;

/// A close code, RFC 6455 §7.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// All is done.
    pub const NORMAL: Self = Self(1000);
    /// The other side broke the WebSocket protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// A kind of data that isn't accepted; here, binary.
    pub const UNSUPPORTED: Self = Self(1003);
    /// Invalid content; here, not UTF-8 or not the expected JSON.
    pub const INVALID: Self = Self(1007);
    /// A rule was broken.
    pub const POLICY: Self = Self(1008);
    /// Too big.
    pub const TOO_BIG: Self = Self(1009);
    /// The server restarts.
    pub const RESTART: Self = Self(1012);
    /// The server is overloaded.
    pub const TRY_LATER: Self = Self(1013);

    /// Whether a peer may send this code: those of §7.4.1 that may appear in a frame, the
    /// registered ones up to 1014, and 3000 to 4999.
    pub const fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

/// The content of a close frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// Why, as a number.
    pub code: CloseCode,
    /// Why, in words; at most 123 bytes.
    pub reason: String,
}

impl CloseFrame {
    /// Reads a close frame's payload; `None` when it is empty.
    pub(crate) fn parse(payload: &[u8]) -> Result<Option<Self>, ProtocolError> {
        let Some((code, reason)) = payload.split_at_checked(2) else {
            return match payload {
                [] => Ok(None),
                _ => Err(ProtocolError::Malformed("a close code has two bytes")),
            };
        };
        let code = CloseCode(u16::from_be_bytes([code[0], code[1]]));
        if !code.may_be_sent() {
            return Err(ProtocolError::Malformed("not a close code"));
        }
        let reason = std::str::from_utf8(reason).map_err(|_| ProtocolError::NotUtf8)?;
        Ok(Some(Self {
            code,
            reason: reason.to_owned(),
        }))
    }
}
