//! What a person is notified of in a room.

/// A room's level for a person. They set it, and it changes nothing for others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Every message counts as news.
    #[default]
    Everything,
    /// Only messages that name the person are news.
    Mentions,
    /// Nothing is news.
    Nothing,
    /// Nothing is news, and the room isn't listed.
    Hidden,
}

impl Level {
    /// All levels, from the loudest on.
    pub const ALL: [Self; 4] = [
        Self::Everything,
        Self::Mentions,
        Self::Nothing,
        Self::Hidden,
    ];

    /// The number under which databases keep it.
    pub fn code(self) -> i16 {
        match self {
            Self::Everything => 0,
            Self::Mentions => 1,
            Self::Nothing => 2,
            Self::Hidden => 3,
        }
    }

    /// The level of a number in a database. A number that is none was damaged.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_its_level() {
        for level in Level::ALL {
            assert_eq!(Level::from_code(level.code()), Some(level));
        }
        assert_eq!(Level::from_code(4), None);
    }
}
