//! Random numbers and keys.

use papo_domain::RelayKey;

use crate::StorageError;

/// 64 random bits.
pub(crate) fn random_number() -> Result<i64, StorageError> {
    Ok(i64::from_ne_bytes(random()?))
}

/// A new key.
pub(crate) fn random_relay_key() -> Result<RelayKey, StorageError> {
    random().map(RelayKey::new)
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], StorageError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| StorageError::Other(format!("no randomness: {error}")))?;
    Ok(bytes)
}
