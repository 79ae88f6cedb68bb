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
