//! `/admin/people/`: the people who have an account.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use papo_app::{AccountFilter, AccountOverview};
use papo_domain::{Account, Mark, Timestamp};
use serde::Deserialize;

use super::listing::{self, ROWS};
use super::{Done, Pager};
use crate::failure::Failure;
use crate::page::{Page, show};
use crate::site::Site;
use crate::visitor::Admin;

/// The page's address.
pub(super) const PATH: &str = "/admin/people/";

#[derive(Template)]
#[template(path = "admin/people.html")]
pub(crate) struct PeoplePage {
    pub(crate) page: Page,
    pub(crate) search: PeopleSearch,
    /// The accounts, each with the time of its last use by the clock.
    pub(crate) people: Vec<(AccountOverview, Option<Timestamp>)>,
    pub(crate) pager: Pager,
}

impl PeoplePage {
    #[expect(clippy::unused_self, reason = "the template calls it")]
    fn mark(&self, account: &Account) -> Mark {
        Mark::of(account.is_admin)
    }
}

/// The search as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PeopleSearch {
    pub(crate) q: String,
    /// `administrator`, `account`, or all.
    pub(crate) role: String,
    /// `active`, `suspended`, or all.
    pub(crate) state: String,
    pub(crate) page: String,
    pub(crate) done: Option<Done>,
}

impl PeopleSearch {
    /// The address of a page of this search.
    fn url(&self, page: usize) -> String {
        let pairs = [
            ("q", self.q.as_str()),
            ("role", &self.role),
            ("state", &self.state),
        ];
        listing::url(PATH, pairs, page)
    }

    fn is_narrow(&self) -> bool {
        let narrow = [&self.q, &self.role, &self.state];
        narrow.iter().any(|text| !text.is_empty())
    }

    fn filter(&self, pager: Pager) -> AccountFilter {
        // One more row than is shown tells whether there is a next page.
        AccountFilter {
            search: listing::search(&self.q),
            is_admin: match self.role.as_str() {
                "administrator" => Some(true),
                "account" => Some(false),
                _ => None,
            },
            is_suspended: match self.state.as_str() {
                "suspended" => Some(true),
                "active" => Some(false),
                _ => None,
            },
            offset: pager.offset(),
            limit: ROWS + 1,
        }
    }
}

/// `GET /admin/people/`
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    Query(search): Query<PeopleSearch>,
) -> Result<Response, Failure> {
    let mut pager = Pager::new(&search.page);
    let filter = search.filter(pager);
    let mut people = site.app.find_accounts(&administrator, filter).await?;
    pager.has_next = people.len() > ROWS;
    people.truncate(ROWS);
    let people = people.into_iter().map(|overview| {
        let used = overview.last_used.map(|used| site.app.by_the_clock(used));
        (overview, used)
    });
    show(&PeoplePage {
        page,
        search,
        people: people.collect(),
        pager,
    })
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, account, at, html, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let overview = |is_admin| AccountOverview {
            account: account(is_admin),
            sessions: 1_204,
            last_used: None,
        };
        let search = PeopleSearch {
            q: HOSTILE.into(),
            role: "account".into(),
            done: Some(Done::Removed),
            ..PeopleSearch::default()
        };
        let used = Some(at("2026-11-24T18:51:34.120Z"));
        let people = vec![(overview(true), used), (overview(false), None)];
        let sample = |search, people, number, has_next| {
            html(&PeoplePage {
                page: page(language),
                search,
                people,
                pager: Pager { number, has_next },
            })
        };
        vec![
            sample(search, people, 2, true),
            sample(PeopleSearch::default(), Vec::new(), 1, false),
        ]
    }
}
