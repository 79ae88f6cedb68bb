//! `GET /room/{id}/`: the chat. The page contains the room's last messages and the person's rooms,
//! so that the screen shows them at once.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use papo_app::Error;
use papo_domain::Room;
use papo_protocol::{MembershipObject, ServerFrame};
use serde::Serialize;

use crate::caller::Caller;
use crate::cookies::set_session;
use crate::failure::Failure;
use crate::origin::Origin;
use crate::page::{Page, show};
use crate::site::Site;
use crate::visitor::InRoom;
use crate::waiting::text_bytes;

#[derive(Template)]
#[template(path = "chat.html")]
pub(crate) struct ChatPage {
    pub(crate) page: Page,
    pub(crate) room: Room,
    pub(crate) boot: Boot,
}

/// The page's data for the screen, as JSON that may stand in a script element.
pub(crate) struct Boot(String);

/// What the screen has to know.
#[derive(Serialize)]
pub(crate) struct BootContent<'a> {
    pub(crate) language: &'static str,
    pub(crate) sender: String,
    pub(crate) has_account: bool,
    pub(crate) message_characters: usize,
    /// The server's own address. It refuses sockets of pages that are elsewhere.
    pub(crate) origin: Option<String>,
    /// The person's rooms, as `welcome` tells them.
    pub(crate) rooms: &'a [MembershipObject],
    pub(crate) snapshot: &'a ServerFrame,
}

impl Boot {
    pub(crate) fn new(content: &BootContent<'_>) -> Self {
        let json =
            serde_json::to_string(content).expect("frames have string keys and no fallible parts");
        Self(escape(&json))
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

/// `GET /room/{id}/`
pub(crate) async fn show_chat(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    InRoom {
        room,
        visitor,
        token,
    }: InRoom,
) -> Result<Response, Failure> {
    let entered = site.app.enter(visitor.as_ref(), room, caller.address).await;
    let member = match entered {
        Err(Error::NoSession | Error::NotJoined) => {
            return Ok(Redirect::to(&format!("/room/{room}/join/")).into_response());
        }
        other => other?,
    };
    let (room, snapshot) = site.app.chat(&member).await?;
    let rooms = site.app.memberships_of(member.actor()).await?;
    let sender = member.person();
    let message_characters = site.app.limits().message_characters;
    // Without a configured address the server only knows what was asked for, which a proxy may
    // have made up.
    let origin = site.settings.public_url.clone();
    // A visit renews the cookie.
    let cookie = token.map(|token| [(SET_COOKIE, set_session(&token, &caller))]);
    let text_size = text_bytes(&snapshot);
    let make = move || {
        let boot = Boot::new(&BootContent {
            language: page.language.code(),
            sender: sender.to_string(),
            has_account: page.reader.account().is_some(),
            message_characters,
            origin: origin.as_ref().map(Origin::to_string),
            rooms: &rooms,
            snapshot: &snapshot,
        });
        show(&ChatPage { page, room, boot })
    };
    Ok((cookie, site.waiting.make(text_size, make).await?).into_response())
}

/// JSON in which nothing can end the script element or look like markup. The characters occur only
/// in its strings.
fn escape(json: &str) -> String {
    let is_suspect = |byte| matches!(byte, b'<' | b'>' | b'&' | LINE_SEPARATOR_LEAD);
    let mut text = String::with_capacity(json.len() + json.len() / 8);
    let mut rest = json;
    while let Some(at) = rest.bytes().position(is_suspect) {
        // Each suspect is the first byte of a character.
        let (plain, from) = rest.split_at(at);
        text.push_str(plain);
        let mut characters = from.chars();
        match characters.next() {
            Some('<') => text.push_str("\\u003c"),
            Some('>') => text.push_str("\\u003e"),
            Some('&') => text.push_str("\\u0026"),
            Some('\u{2028}') => text.push_str("\\u2028"),
            Some('\u{2029}') => text.push_str("\\u2029"),
            other => text.extend(other),
        }
        rest = characters.as_str();
    }
    text.push_str(rest);
    text
}

/// The first byte of U+2028 and U+2029, and of some harmless characters.
const LINE_SEPARATOR_LEAD: u8 = 0xE2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_script_element() {
        let hostile = "</script><!--<script>&\u{2028}\u{2029}ção €–“é”";
        let json = escape(&serde_json::to_string(hostile).unwrap());
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hostile);
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use papo_domain::PersonId;

    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page, room};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let pong = ServerFrame::Pong { r#ref: None };
        let membership = MembershipObject {
            room: 1,
            name: HOSTILE.to_owned(),
            kind: papo_protocol::RoomKind::Private,
            announcement: false,
            archived: false,
            role: papo_protocol::Role::Member,
            username: HOSTILE.to_owned(),
            seq: 7,
            timestamp: None,
            read: 0,
            version: 0,
            unread: 7,
            level: papo_protocol::Level::Everything,
        };
        let boot = Boot::new(&BootContent {
            language: language.code(),
            sender: PersonId(1).to_string(),
            has_account: true,
            message_characters: 4_000,
            origin: None,
            rooms: &[membership],
            snapshot: &pong,
        });
        vec![html(&ChatPage {
            page: page(language),
            room: room(1, HOSTILE),
            boot,
        })]
    }
}
