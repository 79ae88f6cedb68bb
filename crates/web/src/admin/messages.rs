//! `/admin/messages/`: messages of all rooms, newest first, to look through and delete.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use papo_app::{MessageFilter, RoomFilter};
use papo_domain::{Message, RoomId, RoomOverview, Seq, Timestamp};
use serde::Deserialize;

use super::listing::{self, ROWS};
use super::{Done, Pager};
use crate::failure::Failure;
use crate::page::{Page, show};
use crate::query::own_path;
use crate::site::Site;
use crate::visitor::Admin;

#[derive(Template)]
#[template(path = "admin/messages.html")]
pub(crate) struct AdminMessagesPage {
    pub(crate) page: Page,
    pub(crate) search: MessageSearch,
    /// All rooms, to choose from and to name.
    pub(crate) rooms: Vec<RoomOverview>,
    pub(crate) messages: Vec<Message>,
    pub(crate) pager: Pager,
}

impl AdminMessagesPage {
    fn room_name(&self, id: RoomId) -> &str {
        let room = self.rooms.iter().find(|overview| overview.room.id == id);
        room.map_or("", |overview| overview.room.name.as_str())
    }

    fn moment(&self, at: Timestamp) -> String {
        self.page.language.moment(at)
    }
}

/// What is looked for, as typed. Dates are days in UTC, the last one included.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MessageSearch {
    pub(crate) q: String,
    pub(crate) room: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) page: String,
    pub(crate) done: Option<Done>,
}

impl MessageSearch {
    /// The same search's page.
    fn url(&self, page: usize) -> String {
        listing::url("/admin/messages/", self.conditions(), page)
    }

    fn conditions(&self) -> [(&'static str, &str); 4] {
        [
            ("q", &self.q),
            ("room", &self.room),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }

    fn is_narrow(&self) -> bool {
        self.conditions().iter().any(|(_, text)| !text.is_empty())
    }

    fn is_room(&self, id: RoomId) -> bool {
        self.room.parse() == Ok(id)
    }

    fn filter(&self, pager: Pager) -> MessageFilter {
        let after = |date: Date| date.checked_add(1.day()).ok();
        MessageFilter {
            room: self.room.parse().ok(),
            from: self.from.parse().ok().and_then(start_of),
            until: self.to.parse().ok().and_then(after).and_then(start_of),
            search: listing::search(&self.q),
            offset: pager.offset(),
            limit: ROWS,
        }
    }
}

fn start_of(date: Date) -> Option<Timestamp> {
    let start = date.to_zoned_datetime(TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
}

/// `GET /admin/messages/`
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin {
        administrator,
        visitor,
    }: Admin,
    Query(search): Query<MessageSearch>,
) -> Result<Response, Failure> {
    let mut pager = Pager::new(&search.page);
    let found = site
        .app
        .find_messages(&administrator, Some(&visitor), search.filter(pager))
        .await?;
    pager.has_next = found.more;
    let rooms = site
        .app
        .find_rooms(&administrator, RoomFilter::default())
        .await?;
    show(&AdminMessagesPage {
        page,
        search,
        rooms,
        messages: found.messages,
        pager,
    })
}

#[derive(Deserialize)]
pub(crate) struct DeleteForm {
    room: String,
    seq: i64,
    /// The list to come back to.
    #[serde(default)]
    next: String,
}

/// `POST /admin/messages/`: deletes a message.
pub(crate) async fn delete(
    State(site): State<Arc<Site>>,
    Admin { administrator, .. }: Admin,
    Form(form): Form<DeleteForm>,
) -> Result<Response, Failure> {
    let room = form.room.parse().map_err(|_| papo_app::Error::NoRoom)?;
    site.app
        .delete_message(&administrator, room, Seq(form.seq))
        .await?;
    Ok(Redirect::to(&Done::Deleted.at(own_path(&form.next))).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_the_last_one_is_included() {
        let search = MessageSearch {
            from: "2026-11-24".into(),
            to: "2026-11-24".into(),
            ..MessageSearch::default()
        };
        let filter = search.filter(Pager::new("3"));
        assert_eq!(filter.from, Some("2026-11-24T00:00:00Z".parse().unwrap()));
        assert_eq!(filter.until, Some("2026-11-25T00:00:00Z".parse().unwrap()));
        assert_eq!(filter.offset, 2 * ROWS);
    }

    #[test]
    fn what_is_no_date_or_room_narrows_nothing() {
        let search = MessageSearch {
            from: "x".into(),
            to: "9999-12-31".into(),
            room: "y".into(),
            ..Default::default()
        };
        let filter = search.filter(Pager::new(""));
        assert_eq!((filter.from, filter.until, filter.room), (None, None, None));
    }
}
