//! `GET /`: the rooms that are open.

use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use papo_app::RoomListing;
use papo_domain::RoomId;

use crate::failure::Failure;
use crate::page::{Page, show};
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "rooms.html")]
pub(crate) struct RoomsPage {
    pub(crate) page: Page,
    pub(crate) rooms: Vec<RoomListing>,
    /// The rooms that the reader is in.
    pub(crate) joined: HashSet<RoomId>,
}

impl RoomsPage {
    fn online(&self, count: usize) -> String {
        self.page
            .language
            .text_with("rooms-online", [("count", count.into())])
    }

    fn is_joined(&self, listing: &RoomListing) -> bool {
        self.joined.contains(&listing.overview.room.id)
    }
}

/// `GET /`
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
) -> Result<Response, Failure> {
    let joined = match &visitor {
        Some(visitor) => site
            .app
            .memberships(visitor)
            .await?
            .into_iter()
            .map(|(room, _)| room)
            .collect(),
        None => HashSet::new(),
    };
    show(&RoomsPage {
        page,
        rooms: site.app.active_rooms().await?,
        joined,
    })
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{account, html, overviews, page, page_of};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let listings = overviews().into_iter().zip([0, 1, 1_204]);
        let rooms = listings.map(|(overview, online)| RoomListing { overview, online });
        let full = RoomsPage {
            page: page(language),
            rooms: rooms.collect(),
            joined: HashSet::from([RoomId(1)]),
        };
        let empty = |reader: Option<papo_domain::Account>| {
            html(&RoomsPage {
                page: page_of(language, reader.as_ref()),
                rooms: Vec::new(),
                joined: HashSet::new(),
            })
        };
        let readers = [None, Some(account(false)), Some(account(true))];
        let mut all = vec![html(&full)];
        all.extend(readers.map(empty));
        all
    }
}
