//! The key that the nodes of a database share.

use std::fmt;

/// The key with which nodes sign their signals: 256 random bits, which only the database and its
/// nodes have.
pub struct RelayKey([u8; Self::BYTES]);

impl RelayKey {
    /// Bytes of a key.
    pub const BYTES: usize = 32;

    /// A key of these bytes.
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for RelayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RelayKey(…)")
    }
}
