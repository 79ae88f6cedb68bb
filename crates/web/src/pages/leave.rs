//! `/leave/`: leaving a room, or all.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use papo_domain::{Room, RoomId};
use serde::Deserialize;

use crate::failure::Failure;
use crate::page::{Page, show};
use crate::site::Site;
use crate::visitor::Guest;

#[derive(Template)]
#[template(path = "leave.html")]
pub(crate) struct LeavePage {
    pub(crate) page: Page,
    pub(crate) choice: Choice,
}

/// What the reader can leave.
pub(crate) enum Choice {
    /// This room.
    Room(Room),
    /// All rooms that the reader is in.
    All,
    /// The reader is in none.
    Nowhere,
}

impl LeavePage {
    fn title(&self) -> String {
        let language = self.page.language;
        match &self.choice {
            Choice::Room(room) => {
                let (before, after) = self.heading();
                format!("{before}{}{after}", room.name)
            }
            Choice::All => language.text("leave-all-title").into_owned(),
            Choice::Nowhere => language.text("leave-nowhere-title").into_owned(),
        }
    }

    /// The heading before and after the room's name.
    fn heading(&self) -> (String, String) {
        self.page.language.text_around("leave-title", "room")
    }
}

/// The room; all rooms without it.
#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    room: String,
}

impl Which {
    fn room(&self) -> Result<Option<RoomId>, Failure> {
        if self.room.is_empty() {
            return Ok(None);
        }
        self.room
            .parse()
            .map(Some)
            .map_err(|_| papo_app::Error::NoRoom.into())
    }
}

/// `GET /leave/?room=ID`
pub(crate) async fn ask(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
    Query(which): Query<Which>,
) -> Result<Response, Failure> {
    let joined = match &visitor {
        Some(visitor) => site.app.memberships(visitor).await?,
        None => Vec::new(),
    };
    let choice = match (which.room()?, &visitor) {
        (Some(room), Some(visitor)) if joined.iter().any(|(id, _)| *id == room) => {
            Choice::Room(site.app.joined_room(visitor, room).await?)
        }
        (None, _) if !joined.is_empty() => Choice::All,
        _ => Choice::Nowhere,
    };
    show(&LeavePage { page, choice })
}

/// `POST /leave/`
pub(crate) async fn leave(
    State(site): State<Arc<Site>>,
    Guest(visitor): Guest,
    Form(which): Form<Which>,
) -> Result<Response, Failure> {
    let room = which.room()?;
    if let Some(visitor) = &visitor {
        site.app.leave(visitor, room).await?;
    }
    Ok(Redirect::to("/").into_response())
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{html, page, room};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let page = |choice| {
            html(&LeavePage {
                page: page(language),
                choice,
            })
        };
        [Choice::Room(room(1, "")), Choice::All, Choice::Nowhere]
            .map(page)
            .into()
    }
}
