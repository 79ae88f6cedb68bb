//! What the lists of the administration share: pages, and the notice of what was done.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use papo_domain::Timestamp;
use serde::Deserialize;

use crate::language::Key;
use crate::query;

/// How many rows a page has.
pub(super) const ROWS: usize = 50;
/// The last page that can be asked for. It keeps offsets small.
const LAST_PAGE: usize = 100_000;

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pager {
    /// The page's number, from 1.
    pub(crate) number: usize,
    pub(crate) has_next: bool,
}

impl Pager {
    /// The page in a query, or the first if the query has none.
    pub(super) fn new(page: &str) -> Self {
        let number = page.parse().unwrap_or(1).clamp(1, LAST_PAGE);
        Self {
            number,
            has_next: false,
        }
    }

    pub(super) const fn offset(self) -> usize {
        (self.number - 1) * ROWS
    }

    pub(crate) const fn has_previous(self) -> bool {
        self.number > 1
    }
}

/// A list's address, with the search and the page.
pub(super) fn url<'a, const N: usize>(
    path: &str,
    conditions: [(&'a str, &'a str); N],
    page: usize,
) -> String {
    let page = if page == 1 {
        String::new()
    } else {
        page.to_string()
    };
    let pairs = conditions.into_iter().chain([("page", page.as_str())]);
    format!("{path}{}", query::string(pairs))
}

/// The text to look for, if any was typed.
pub(super) fn search(typed: &str) -> Option<String> {
    Some(typed.trim().to_owned()).filter(|text| !text.is_empty())
}

/// When a typed first day begins: in the reader's time zone, if the page's script says when,
/// otherwise in UTC. `None` for what is no day.
pub(super) fn start_of_day(day: &str, since: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    since.parse().ok().or_else(|| start_of(day))
}

/// The same for the end of a typed last day.
pub(super) fn end_of_day(day: &str, until: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    let next = || start_of(day.checked_add(1.day()).ok()?);
    until.parse().ok().or_else(next)
}

fn start_of(day: Date) -> Option<Timestamp> {
    let start = day.to_zoned_datetime(TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
}

/// What was done, for the notice above a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Done {
    Created,
    Saved,
    Activated,
    Deactivated,
    Deleted,
    Settings,
    Suspended,
    Restored,
    Ended,
    Promoted,
    Demoted,
    Removed,
}

impl Done {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Saved => "saved",
            Self::Activated => "activated",
            Self::Deactivated => "deactivated",
            Self::Deleted => "deleted",
            Self::Settings => "settings",
            Self::Suspended => "suspended",
            Self::Restored => "restored",
            Self::Ended => "ended",
            Self::Promoted => "promoted",
            Self::Demoted => "demoted",
            Self::Removed => "removed",
        }
    }

    /// The notice.
    pub(crate) const fn key(self) -> Key {
        match self {
            Self::Created => Key("admin-done-created"),
            Self::Saved => Key("admin-done-saved"),
            Self::Activated => Key("admin-done-activated"),
            Self::Deactivated => Key("admin-done-deactivated"),
            Self::Deleted => Key("admin-done-deleted"),
            Self::Settings => Key("admin-done-settings"),
            Self::Suspended => Key("admin-done-suspended"),
            Self::Restored => Key("admin-done-restored"),
            Self::Ended => Key("admin-done-ended"),
            Self::Promoted => Key("admin-done-promoted"),
            Self::Demoted => Key("admin-done-demoted"),
            Self::Removed => Key("admin-done-removed"),
        }
    }

    /// The address of the next page, with the notice.
    pub(super) fn at(self, path: &str) -> String {
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{path}{separator}{}", query::pair("done", self.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_page_number_is_a_page() {
        for (text, number) in [
            ("", 1),
            ("0", 1),
            ("-3", 1),
            ("x", 1),
            ("7", 7),
            ("999999999", LAST_PAGE),
        ] {
            assert_eq!(Pager::new(text).number, number, "{text}");
        }
    }

    #[test]
    fn a_notice_is_added_to_what_was_asked() {
        assert_eq!(Done::Saved.at("/admin/rooms/"), "/admin/rooms/?done=saved");
        assert_eq!(
            Done::Deleted.at("/admin/messages/?q=a"),
            "/admin/messages/?q=a&done=deleted"
        );
    }
}
