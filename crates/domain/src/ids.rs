//! Identifiers: numbers and short strings that name things, each a type of its own.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::{Encoding, Specification};

/// A string that doesn't have the form of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct IdError(&'static str);

impl IdError {
    /// The error for a text that isn't one of these.
    pub(crate) const fn of(what: &'static str) -> Self {
        Self(what)
    }
}

/// A room's number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub i64);

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RoomId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.parse() {
            Ok(id) if id > 0 => Ok(Self(id)),
            _ => Err(IdError("room id")),
        }
    }
}

/// The number of an event in its room's log: 1, 2, 3… without holes. 0 is before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub i64);

impl Seq {
    /// Before the first event.
    pub const START: Self = Self(0);

    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The row of a session. It is internal; nobody ever gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

/// A person: the same in all rooms, on all devices and after a change of name. Clients know it as
/// `sender`. It reveals nothing of a session's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub u64);

/// Lower-case Crockford base 32: no letters that look alike, 13 of them for 64 bits.
fn base32() -> &'static Encoding {
    static ENCODING: std::sync::LazyLock<Encoding> = std::sync::LazyLock::new(|| {
        let mut specification = Specification::new();
        specification
            .symbols
            .push_str("0123456789abcdefghjkmnpqrstvwxyz");
        specification
            .encoding()
            .expect("32 distinct symbols are a valid specification")
    });
    &ENCODING
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32().encode(&self.0.to_be_bytes()))
    }
}

impl FromStr for PersonId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bytes = base32()
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(IdError("person id"))?;
        Ok(Self(u64::from_be_bytes(bytes)))
    }
}

/// A history's name. It changes when a backup is restored: seqs of another epoch mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 16 {
            return Err(IdError("epoch"));
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| IdError("epoch"))
    }
}

/// The name that a client gives a message, so that sending it twice stores it once:
/// 8 to 64 characters of `A-Z a-z 0-9 _ -`, unique for its sender. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// An id from a database, checked before it was stored.
    pub fn from_stored(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (8..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(IdError("client id"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_thirteen_characters_and_comes_back() {
        for number in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            let text = PersonId(number).to_string();
            assert_eq!(text.len(), 13);
            assert_eq!(text.parse(), Ok(PersonId(number)));
        }
        assert!("not a person!".parse::<PersonId>().is_err());
    }

    #[test]
    fn a_room_id_is_a_positive_number() {
        assert_eq!("17".parse(), Ok(RoomId(17)));
        for bad in ["0", "-1", "", "1.5", "99999999999999999999"] {
            assert!(bad.parse::<RoomId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_id_has_a_length_and_an_alphabet() {
        assert!("V1StGXR8_Z5jdHi6B-myT".parse::<ClientId>().is_ok());
        for bad in ["short", &"x".repeat(65), "with space", "ação-ação"] {
            assert!(bad.parse::<ClientId>().is_err(), "{bad}");
        }
    }
}
