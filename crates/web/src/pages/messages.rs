//! `GET /room/{id}/messages/?before=SEQ`: older messages, as JSON for the chat screen.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use papo_domain::Seq;
use papo_protocol::MessageObject;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::site::Site;
use crate::visitor::InRoom;

#[derive(Deserialize)]
pub(crate) struct Before {
    before: i64,
}

#[derive(Serialize)]
pub(crate) struct MessagesPage {
    messages: Vec<MessageObject>,
    more: bool,
}

/// `GET /room/{id}/messages/?before=SEQ`
pub(crate) async fn older(
    State(site): State<Arc<Site>>,
    InRoom { room, visitor }: InRoom,
    Query(Before { before }): Query<Before>,
) -> Result<Json<MessagesPage>, Failure> {
    let (messages, more) = site
        .app
        .older_messages(visitor.as_ref(), room, Seq(before))
        .await?;
    Ok(Json(MessagesPage { messages, more }))
}
