//! `GET /`: the rooms that the reader is in, their direct messages, and the rooms that they may join.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use papo_app::{MembershipState, OwnRoom, RoomListing};
use papo_domain::{Level, RoomKind};
use papo_protocol::UNREAD_MESSAGES;

use crate::failure::Failure;
use crate::page::{Page, show};
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "rooms.html")]
pub(crate) struct RoomsPage {
    pub(crate) page: Page,
    /// The rooms that the reader is in, without direct ones.
    pub(crate) own: Vec<OwnRoom>,
    /// The reader's direct rooms.
    pub(crate) direct: Vec<OwnRoom>,
    /// The rooms that the reader may join.
    pub(crate) others: Vec<RoomListing>,
    /// Whether the reader may make rooms.
    pub(crate) may_open: bool,
    /// Whether the reader may start direct rooms.
    pub(crate) may_write: bool,
}

impl RoomsPage {
    fn online(&self, count: usize) -> String {
        self.page
            .language
            .text_with("rooms-online", [("count", count.into())])
    }

    /// How much is unread in a room, if the reader wants to be told everything of it: in figures and
    /// in words.
    fn unread(&self, state: &MembershipState) -> Option<(String, String)> {
        let count = state.unread;
        if count == 0 || state.level != Level::Everything {
            return None;
        }
        let short = if count < UNREAD_MESSAGES {
            count.to_string()
        } else {
            format!("{}+", UNREAD_MESSAGES - 1)
        };
        let values = [("count", count.into())];
        let words = self.page.language.text_with("rooms-unread", values);
        Some((short, words))
    }

    fn is_empty(&self) -> bool {
        self.own.is_empty() && self.direct.is_empty() && self.others.is_empty()
    }
}

/// `GET /`
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
) -> Result<Response, Failure> {
    let visitor = visitor.as_ref();
    let rooms = match visitor {
        Some(visitor) => site.app.own_rooms(visitor).await?,
        None => Vec::new(),
    };
    let mut others = site.app.listed_rooms(visitor).await?;
    others.retain(|listing| {
        let id = listing.overview.room.id;
        !rooms.iter().any(|own| own.state.room == id)
    });
    let is_direct = |room: &OwnRoom| room.state.terms.kind == RoomKind::Direct;
    let (direct, own) = rooms.into_iter().partition(is_direct);
    show(&RoomsPage {
        page,
        own,
        direct,
        others,
        may_open: site.app.may_open_rooms(visitor).is_ok(),
        may_write: visitor.is_some_and(|visitor| visitor.account().is_some()),
    })
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{account, html, overviews, own_room, page, page_of};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let listings = overviews().into_iter().zip([0, 1, 1_204]);
        let rooms = listings.map(|(overview, online)| RoomListing { overview, online });
        let full = RoomsPage {
            page: page(language),
            own: vec![
                own_room(1, RoomKind::Public, 7),
                own_room(2, RoomKind::Private, 0),
            ],
            direct: vec![own_room(4, RoomKind::Direct, 100)],
            others: rooms.collect(),
            may_open: true,
            may_write: true,
        };
        let empty = |reader: Option<papo_domain::Account>| {
            html(&RoomsPage {
                page: page_of(language, reader.as_ref()),
                own: Vec::new(),
                direct: Vec::new(),
                others: Vec::new(),
                may_open: reader.is_some(),
                may_write: false,
            })
        };
        let readers = [None, Some(account(false)), Some(account(true))];
        let mut all = vec![html(&full)];
        all.extend(readers.map(empty));
        all
    }
}
