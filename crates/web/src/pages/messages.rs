//! `GET /room/{id}/messages/?before=SEQ`: older messages, as JSON for the chat screen.
//!
//! No message is older than the first. A request for that asks why a socket was refused, which
//! browsers don't say. Its answer is the one that the handshake would get.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use papo_domain::Seq;
use papo_protocol::MessageObject;
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Peer};
use crate::failure::Failure;
use crate::site::Site;
use crate::visitor::InRoom;
use crate::waiting::texts_bytes;
use crate::ws::socket_share;

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
    caller: Caller,
    peer: Option<Extension<Peer>>,
    InRoom { room, visitor, .. }: InRoom,
    Query(Before { before }): Query<Before>,
) -> Result<Response, Failure> {
    let member = site.app.enter(visitor.as_ref(), room, caller.address);
    let (messages, more) = site.app.older_messages(&member.await?, Seq(before)).await?;
    if Seq(before) <= Seq::START.next()
        && let Some(visitor) = &visitor
    {
        drop(socket_share(&site, peer.as_deref(), &caller)?);
        site.app.may_connect(visitor, caller.address)?;
    }
    let text_size = texts_bytes(&messages);
    let make = move || Json(MessagesPage { messages, more }).into_response();
    Ok(site.waiting.make(text_size, make).await)
}
