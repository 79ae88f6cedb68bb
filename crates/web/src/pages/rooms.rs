//! `GET /`: the rooms that are open.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use papo_app::RoomListing;
use papo_domain::RoomId;
use papo_protocol::{Level, MembershipObject, UNREAD_MESSAGES};

use crate::caller::Caller;
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
    /// How much is unread in those of them of which the reader wants to be told everything.
    pub(crate) unread: HashMap<RoomId, u32>,
}

impl RoomsPage {
    fn online(&self, count: usize) -> String {
        self.page
            .language
            .text_with("rooms-online", [("count", count.into())])
    }

    /// How much is unread in a room, if anything is: in figures and in words.
    fn unread(&self, listing: &RoomListing) -> Option<(String, String)> {
        let count = *self.unread.get(&listing.overview.room.id)?;
        let short = if count < UNREAD_MESSAGES {
            count.to_string()
        } else {
            format!("{}+", UNREAD_MESSAGES - 1)
        };
        let values = [("count", count.into())];
        let words = self.page.language.text_with("rooms-unread", values);
        Some((short, words))
    }

    fn is_joined(&self, listing: &RoomListing) -> bool {
        self.joined.contains(&listing.overview.room.id)
    }
}

/// `GET /`
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    Guest(visitor): Guest,
) -> Result<Response, Failure> {
    let (mut joined, mut unread) = (HashSet::new(), HashMap::new());
    if let Some(visitor) = &visitor {
        let memberships = site.app.memberships(visitor).await?;
        joined.extend(memberships.into_iter().map(|(room, _)| room));
        let memberships = site
            .app
            .memberships_of(visitor.actor(caller.address))
            .await?;
        let is_news = |room: &MembershipObject| room.unread > 0 && room.level == Level::Everything;
        let news = memberships.into_iter().filter(is_news);
        unread.extend(news.map(|room| (RoomId(room.room), room.unread)));
    }
    show(&RoomsPage {
        page,
        rooms: site.app.active_rooms().await?,
        joined,
        unread,
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
            joined: HashSet::from([RoomId(1), RoomId(2)]),
            unread: HashMap::from([(RoomId(1), 1), (RoomId(2), UNREAD_MESSAGES)]),
        };
        let empty = |reader: Option<papo_domain::Account>| {
            html(&RoomsPage {
                page: page_of(language, reader.as_ref()),
                rooms: Vec::new(),
                joined: HashSet::new(),
                unread: HashMap::new(),
            })
        };
        let readers = [None, Some(account(false)), Some(account(true))];
        let mut all = vec![html(&full)];
        all.extend(readers.map(empty));
        all
    }
}
