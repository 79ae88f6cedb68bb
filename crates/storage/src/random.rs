//! Numbers that nobody else has.

use crate::StorageError;

/// Sixty-four bits.
pub(crate) fn random_number() -> Result<i64, StorageError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| StorageError::Other(format!("no randomness: {error}")))?;
    Ok(i64::from_ne_bytes(bytes))
}
