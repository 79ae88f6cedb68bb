//! `/admin/audit/`: what administrators and moderators did, the latest first.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use papo_app::AuditFilter;
use papo_domain::{AuditAct, AuditEntry, PlaceSetting, Timestamp};
use serde::Deserialize;

use super::Pager;
use super::listing::{self, ROWS};
use crate::failure::Failure;
use crate::language::Key;
use crate::page::{Page, show};
use crate::query;
use crate::site::Site;
use crate::visitor::Admin;

/// The page's address.
const PATH: &str = "/admin/audit/";

/// The acts by their codes, each with the key of its text.
const ACTS: [Key; 14] = [
    Key("audit-place-set"),
    Key("audit-room-made"),
    Key("audit-room-set"),
    Key("audit-room-opened"),
    Key("audit-room-closed"),
    Key("audit-message-deleted"),
    Key("audit-account-made"),
    Key("audit-password-set"),
    Key("audit-sessions-ended"),
    Key("audit-account-suspended"),
    Key("audit-account-restored"),
    Key("audit-account-removed"),
    Key("audit-administrator-made"),
    Key("audit-administrator-unmade"),
];

#[derive(Template)]
#[template(path = "admin/audit.html")]
pub(crate) struct AuditPage {
    pub(crate) page: Page,
    pub(crate) search: AuditSearch,
    pub(crate) entries: Vec<AuditEntry>,
    pub(crate) pager: Pager,
}

impl AuditPage {
    fn moment(&self, at: Timestamp) -> String {
        self.page.moment(at)
    }

    /// The codes of all acts, each with the key of its text.
    fn acts() -> impl Iterator<Item = (&'static str, Key)> {
        AuditAct::CODES.into_iter().zip(ACTS)
    }

    /// The key of an act's text.
    #[expect(clippy::unused_self, reason = "the template calls it")]
    fn key(&self, entry: &AuditEntry) -> Key {
        let code = entry.act.as_ref().map(AuditAct::code);
        let found = Self::acts().find(|(known, _)| Some(*known) == code);
        found.map_or(Key("audit-damaged"), |(_, key)| key)
    }

    /// The key of the text of a setting.
    const fn setting(setting: PlaceSetting) -> Key {
        match setting {
            PlaceSetting::Name => Key("settings-name"),
            PlaceSetting::Welcome => Key("settings-welcome"),
            PlaceSetting::Accent => Key("settings-accent"),
            PlaceSetting::SignUp => Key("settings-sign-up"),
            PlaceSetting::Guests => Key("settings-guests"),
            PlaceSetting::RoomMakers => Key("settings-room-makers"),
            PlaceSetting::FirstRooms => Key("settings-first-rooms"),
            PlaceSetting::Language => Key("settings-language"),
        }
    }
}

/// The search as typed. Days are as in the list of messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AuditSearch {
    pub(crate) who: String,
    pub(crate) act: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// When the first day begins in the reader's time zone.
    pub(crate) since: String,
    /// When the last day ends in the reader's time zone.
    pub(crate) until: String,
    pub(crate) page: String,
}

impl AuditSearch {
    /// The address of a page of this search.
    fn url(&self, page: usize) -> String {
        listing::url(PATH, self.conditions(), page)
    }

    /// The address of the whole search as a table.
    fn export_url(&self) -> String {
        format!("{PATH}export/{}", query::string(self.conditions()))
    }

    fn conditions(&self) -> [(&'static str, &str); 6] {
        [
            ("who", &self.who),
            ("act", &self.act),
            ("from", &self.from),
            ("to", &self.to),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    fn is_narrow(&self) -> bool {
        let narrow = [&self.who, &self.act, &self.from, &self.to];
        narrow.iter().any(|text| !text.is_empty())
    }

    /// Which entries it finds, from the first on.
    pub(super) fn filter(&self, limit: usize) -> AuditFilter {
        let is_act = |act: &&String| AuditAct::CODES.contains(&act.as_str());
        AuditFilter {
            who: listing::search(&self.who),
            act: Some(&self.act).filter(is_act).cloned(),
            from: listing::start_of_day(&self.from, &self.since),
            until: listing::end_of_day(&self.to, &self.until),
            limit,
            ..AuditFilter::default()
        }
    }
}

/// `GET /admin/audit/`
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    Query(search): Query<AuditSearch>,
) -> Result<Response, Failure> {
    let mut pager = Pager::new(&search.page);
    // One more row than is shown tells whether there is a next page.
    let filter = AuditFilter {
        offset: pager.offset(),
        ..search.filter(ROWS + 1)
    };
    let mut entries = site.app.find_audit(&administrator, filter).await?;
    pager.has_next = entries.len() > ROWS;
    entries.truncate(ROWS);
    show(&AuditPage {
        page,
        search,
        entries,
        pager,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_act_or_day_narrows_nothing() {
        let search = AuditSearch {
            act: "x".into(),
            from: "y".into(),
            ..AuditSearch::default()
        };
        let filter = search.filter(7);
        assert_eq!((filter.act, filter.from, filter.limit), (None, None, 7));
        let search = AuditSearch {
            act: "room-made".into(),
            to: "2026-11-24".into(),
            ..AuditSearch::default()
        };
        assert_eq!(
            search.export_url(),
            "/admin/audit/export/?act=room-made&to=2026-11-24"
        );
        let filter = search.filter(7);
        assert_eq!(filter.act.as_deref(), Some("room-made"));
        assert_eq!(filter.until, Some("2026-11-25T00:00:00Z".parse().unwrap()));
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, audit_entries, html, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let search = AuditSearch {
            who: HOSTILE.into(),
            act: HOSTILE.into(),
            ..AuditSearch::default()
        };
        let sample = |search, entries, number, has_next| {
            html(&AuditPage {
                page: page(language),
                search,
                entries,
                pager: Pager { number, has_next },
            })
        };
        vec![
            sample(search, audit_entries(), 2, true),
            sample(AuditSearch::default(), Vec::new(), 1, false),
        ]
    }
}
