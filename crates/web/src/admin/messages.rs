//! `/admin/messages/`: the messages of all rooms, newest first, to search and delete.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use papo_app::{MessageFilter, RoomFilter};
use papo_domain::{Message, RoomId, RoomKind, RoomOverview, Seq, Timestamp};
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
        self.page.moment(at)
    }
}

/// A piece of a text, which may contain a character that turns the letters after it.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'a> {
    text: &'a str,
    turns: bool,
}

/// Splits a text at characters that turn the letters after them, as the chat does.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, character) in text.char_indices() {
        let turns = matches!(character, '\u{202D}' | '\u{202E}');
        if before.is_some_and(|before| before != turns) {
            let text = &text[start..at];
            pieces.push(Piece {
                text,
                turns: !turns,
            });
            start = at;
        }
        before = Some(turns);
    }
    if let Some(turns) = before {
        let text = &text[start..];
        pieces.push(Piece { text, turns });
    }
    pieces
}

/// The search as typed. Dates are days, the last one included. They are in the reader's time zone,
/// if the page's script says when they begin and end, otherwise in UTC.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MessageSearch {
    pub(crate) q: String,
    pub(crate) room: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// When the first day begins in the reader's time zone.
    pub(crate) since: String,
    /// When the last day ends in the reader's time zone.
    pub(crate) until: String,
    pub(crate) page: String,
    pub(crate) done: Option<Done>,
}

impl MessageSearch {
    /// The address of a page of this search.
    fn url(&self, page: usize) -> String {
        listing::url("/admin/messages/", self.conditions(), page)
    }

    fn conditions(&self) -> [(&'static str, &str); 6] {
        [
            ("q", &self.q),
            ("room", &self.room),
            ("from", &self.from),
            ("to", &self.to),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    fn is_narrow(&self) -> bool {
        let narrow = [&self.q, &self.room, &self.from, &self.to];
        narrow.iter().any(|text| !text.is_empty())
    }

    fn is_room(&self, id: RoomId) -> bool {
        self.room.parse() == Ok(id)
    }

    fn filter(&self, pager: Pager) -> MessageFilter {
        MessageFilter {
            room: self.room.parse().ok(),
            from: listing::start_of_day(&self.from, &self.since),
            until: listing::end_of_day(&self.to, &self.until),
            search: listing::search(&self.q),
            offset: pager.offset(),
            limit: ROWS,
        }
    }
}

/// `GET /admin/messages/`
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    Query(search): Query<MessageSearch>,
) -> Result<Response, Failure> {
    let mut pager = Pager::new(&search.page);
    let found = site
        .app
        .find_messages(&administrator, search.filter(pager))
        .await?;
    pager.has_next = found.more;
    let listed = RoomFilter {
        up_to: Some(RoomKind::Members),
        ..RoomFilter::default()
    };
    let rooms = site.app.find_rooms(&administrator, listed).await?;
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
    /// The list to return to.
    #[serde(default)]
    next: String,
}

/// `POST /admin/messages/`: deletes a message.
pub(crate) async fn delete(
    State(site): State<Arc<Site>>,
    Admin(administrator): Admin,
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
    fn what_turns_letters_is_a_piece_of_its_own() {
        let piece = |text, turns| Piece { text, turns };
        assert_eq!(pieces(""), []);
        assert_eq!(pieces("oi"), [piece("oi", false)]);
        assert_eq!(
            pieces("a\u{202E}\u{202D}b\u{202E}"),
            [
                piece("a", false),
                piece("\u{202E}\u{202D}", true),
                piece("b", false),
                piece("\u{202E}", true),
            ]
        );
    }

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
    fn days_are_those_of_the_readers_time_zone_when_it_is_known() {
        let search = MessageSearch {
            from: "2026-11-28".into(),
            to: "2026-11-28".into(),
            since: "2026-11-28T03:00:00.000Z".into(),
            until: "2026-11-29T03:00:00.000Z".into(),
            ..MessageSearch::default()
        };
        let filter = search.filter(Pager::new(""));
        assert_eq!(filter.from, Some("2026-11-28T03:00:00Z".parse().unwrap()));
        assert_eq!(filter.until, Some("2026-11-29T03:00:00Z".parse().unwrap()));
        let next = search.url(2);
        assert!(
            next.contains("since=2026-11-28T03%3A00%3A00.000Z"),
            "{next}"
        );
        // Without a day its beginning and end mean nothing.
        let none = MessageSearch {
            from: String::new(),
            to: "x".into(),
            ..search
        };
        let filter = none.filter(Pager::new(""));
        assert_eq!((filter.from, filter.until), (None, None));
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

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{html, message, overviews, page};
    use papo_domain::Mark;

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let search = MessageSearch {
            room: "1".into(),
            done: Some(Done::Deleted),
            ..MessageSearch::default()
        };
        let marks = [None, Some(Mark::Account), Some(Mark::Administrator)];
        vec![
            html(&AdminMessagesPage {
                page: page(language),
                search,
                rooms: overviews(),
                messages: marks.map(message).into(),
                pager: Pager {
                    number: 2,
                    has_next: true,
                },
            }),
            html(&AdminMessagesPage {
                page: page(language),
                search: MessageSearch::default(),
                rooms: Vec::new(),
                messages: Vec::new(),
                pager: Pager {
                    number: 1,
                    has_next: false,
                },
            }),
        ]
    }
}
