//! `/admin/rooms/`: all rooms, the inactive ones too.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use papo_app::RoomFilter;
use papo_domain::{RoomId, RoomKind, RoomOverview};
use serde::Deserialize;

use super::listing::{self, ROWS};
use super::{Done, Pager};
use crate::failure::Failure;
use crate::page::{Page, show};
use crate::query::own_path;
use crate::site::Site;
use crate::visitor::{Admin, Guest, RoomPath};

#[derive(Template)]
#[template(path = "admin/rooms.html")]
pub(crate) struct AdminRoomsPage {
    pub(crate) page: Page,
    pub(crate) search: RoomSearch,
    pub(crate) rooms: Vec<RoomOverview>,
    pub(crate) pager: Pager,
}

/// The search as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoomSearch {
    pub(crate) q: String,
    /// `active`, `inactive`, or all.
    pub(crate) state: String,
    pub(crate) page: String,
    pub(crate) done: Option<Done>,
    /// The number of a new room.
    pub(crate) made: String,
}

impl RoomSearch {
    /// The address of a page of this search.
    fn url(&self, page: usize) -> String {
        let pairs = [("q", self.q.as_str()), ("state", &self.state)];
        listing::url("/admin/rooms/", pairs, page)
    }

    fn made(&self) -> Option<RoomId> {
        self.made.parse().ok()
    }

    fn is_narrow(&self) -> bool {
        !self.q.is_empty() || !self.state.is_empty()
    }

    fn filter(&self, pager: Pager) -> RoomFilter {
        let is_active = match self.state.as_str() {
            "active" => Some(true),
            "inactive" => Some(false),
            _ => None,
        };
        // One more row than is shown tells whether there is a next page.
        RoomFilter {
            is_active,
            search: listing::search(&self.q),
            offset: pager.offset(),
            limit: Some(ROWS + 1),
            ..RoomFilter::default()
        }
    }
}

/// `GET /admin/rooms/`
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    Query(search): Query<RoomSearch>,
) -> Result<Response, Failure> {
    let mut pager = Pager::new(&search.page);
    let mut rooms = site
        .app
        .find_rooms(&administrator, search.filter(pager))
        .await?;
    pager.has_next = rooms.len() > ROWS;
    rooms.truncate(ROWS);
    show(&AdminRoomsPage {
        page,
        search,
        rooms,
        pager,
    })
}

#[derive(Deserialize)]
pub(crate) struct StateForm {
    is_active: bool,
    /// The list to return to.
    #[serde(default)]
    next: String,
}

/// `POST /admin/rooms/{id}/state/`: activates or deactivates a room.
pub(crate) async fn set_state(
    State(site): State<Arc<Site>>,
    Admin(administrator): Admin,
    RoomPath(room): RoomPath,
    Form(form): Form<StateForm>,
) -> Result<Response, Failure> {
    site.app
        .set_room_active(&administrator, room, form.is_active)
        .await?;
    let done = if form.is_active {
        Done::Activated
    } else {
        Done::Deactivated
    };
    Ok(Redirect::to(&done.at(own_path(&form.next))).into_response())
}

/// `POST /admin/rooms/{id}/enter/`: adds the administrator to a room, which its people see.
pub(crate) async fn enter(
    State(site): State<Arc<Site>>,
    _: Admin,
    RoomPath(room): RoomPath,
    Guest(visitor): Guest,
) -> Result<Response, Failure> {
    let visitor = visitor.ok_or(Failure::NotAdministrator)?;
    site.app.enter_as_administrator(&visitor, room).await?;
    Ok(Redirect::to(&format!("/room/{room}/")).into_response())
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, overviews, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let search = RoomSearch {
            q: HOSTILE.to_owned(),
            done: Some(Done::Created),
            ..RoomSearch::default()
        };
        vec![
            html(&AdminRoomsPage {
                page: page(language),
                search,
                rooms: overviews(),
                pager: Pager {
                    number: 2,
                    has_next: true,
                },
            }),
            html(&AdminRoomsPage {
                page: page(language),
                search: RoomSearch::default(),
                rooms: Vec::new(),
                pager: Pager {
                    number: 1,
                    has_next: false,
                },
            }),
        ]
    }
}
