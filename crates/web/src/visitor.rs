//! Extractors for the visitor: with no room in view, with the room of the path, with an account, as
//! an administrator.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri, Path};
use http::HeaderMap;
use http::header::USER_AGENT;
use http::request::Parts;
use papo_app::{Administrator, Error, Visitor};
use papo_domain::{Account, DeviceText, RoomId};

use crate::caller::Caller;
use crate::cookies::session_tokens;
use crate::failure::Failure;
use crate::reader::Reader;
use crate::site::Site;

/// The visitor, if they have a session.
pub(crate) struct Guest(pub(crate) Option<Visitor>);

/// The room in the path, and the visitor with their name in it.
pub(crate) struct InRoom {
    /// The room in the path; it may not exist.
    pub(crate) room: RoomId,
    /// The visitor, if they have a session.
    pub(crate) visitor: Option<Visitor>,
    /// The session's token.
    pub(crate) token: Option<String>,
}

/// The visitor, who must have a session.
pub(crate) struct Person(pub(crate) Visitor);

/// The visitor and their account, with which they must have signed in.
pub(crate) struct Owner(pub(crate) Visitor, pub(crate) Account);

/// An administrator, as the proof that the app takes.
pub(crate) struct Admin(pub(crate) Administrator);

/// The room in the path.
pub(crate) struct RoomPath(pub(crate) RoomId);

impl FromRequestParts<Arc<Site>> for Guest {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let (visitor, _) = visit(parts, site, None).await?;
        Ok(Self(visitor))
    }
}

impl FromRequestParts<Arc<Site>> for InRoom {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let RoomPath(room) = RoomPath::from_request_parts(parts, site).await?;
        let (visitor, token) = visit(parts, site, Some(room)).await?;
        Ok(Self {
            room,
            visitor,
            token,
        })
    }
}

impl FromRequestParts<Arc<Site>> for Admin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let (visitor, _) = visit(parts, site, None).await?;
        let visitor = visitor.filter(|visitor| visitor.account().is_some());
        let Some(visitor) = visitor else {
            return Err(sign_in_first(parts, site, "/admin/").await);
        };
        let administrator = visitor.administrator();
        Ok(Self(administrator.ok_or(Failure::NotAdministrator)?))
    }
}

impl FromRequestParts<Arc<Site>> for Person {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        match visit(parts, site, None).await? {
            (Some(visitor), _) => Ok(Self(visitor)),
            (None, _) => Err(sign_in_first(parts, site, "/account/").await),
        }
    }
}

impl FromRequestParts<Arc<Site>> for Owner {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let (visitor, _) = visit(parts, site, None).await?;
        let owner = visitor.and_then(|visitor| {
            let account = visitor.account()?.clone();
            Some(Self(visitor, account))
        });
        match owner {
            Some(owner) => Ok(owner),
            None => Err(sign_in_first(parts, site, "/account/").await),
        }
    }
}

/// The way to the sign-in form and back. A form that came too late can't be returned to; its way
/// back is `otherwise`.
async fn sign_in_first(parts: &mut Parts, site: &Arc<Site>, otherwise: &str) -> Failure {
    let Ok(OriginalUri(asked)) = OriginalUri::from_request_parts(parts, site).await;
    let next = asked
        .path_and_query()
        .filter(|_| parts.method.is_safe())
        .map_or(otherwise, |path| path.as_str());
    Failure::SignInFirst(next.to_owned())
}

impl FromRequestParts<Arc<Site>> for RoomPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let Ok(Path(id)) = Path::<String>::from_request_parts(parts, site).await else {
            return Err(Failure::NotFound);
        };
        id.parse()
            .map(Self)
            .map_err(|_| Failure::App(papo_app::Error::NoRoom))
    }
}

/// A visitor, and their session's token.
type Found = Option<(Visitor, String)>;

/// What is known of a request's visitor, so that its extractors ask the database once.
#[derive(Clone)]
struct Known {
    /// The room in view.
    room: Option<RoomId>,
    found: Result<Found, Failure>,
}

/// The visitor, and the first token that belongs to a session.
pub(crate) async fn find<'a>(
    site: &Site,
    headers: &'a HeaderMap,
    caller: &Caller,
    room: Option<RoomId>,
) -> Result<Option<(Visitor, &'a str)>, Error> {
    for token in session_tokens(headers, caller) {
        if let Some(visitor) = site.app.visitor(Some(token), room).await? {
            return Ok(Some((visitor, token)));
        }
    }
    Ok(None)
}

/// Finds the reader of a page before it is made. A page that can't ask shows what the browser says.
pub(crate) async fn find_reader(parts: &mut Parts, site: &Arc<Site>) {
    let is_of_room = parts.uri.path().starts_with("/room/");
    let room = if is_of_room {
        match RoomPath::from_request_parts(parts, site).await {
            Ok(RoomPath(room)) => Some(room),
            Err(_) => return,
        }
    } else {
        None
    };
    // The page's own extractor meets the same failure, and answers with it.
    if let Err(failure) = visit(parts, site, room).await {
        tracing::debug!(?failure, "can't find a page's reader");
    }
}

/// The visitor and the session's token. Notes the reader for the page.
async fn visit(
    parts: &mut Parts,
    site: &Arc<Site>,
    room: Option<RoomId>,
) -> Result<(Option<Visitor>, Option<String>), Failure> {
    let known = parts.extensions.get::<Known>();
    let found = if let Some(known) = known.filter(|known| known.room == room) {
        known.found.clone()
    } else {
        let found = look(parts, site, room).await;
        let known = Known {
            room,
            found: found.clone(),
        };
        parts.extensions.insert(known);
        found
    };
    found.map(Option::unzip)
}

async fn look(parts: &mut Parts, site: &Arc<Site>, room: Option<RoomId>) -> Result<Found, Failure> {
    let Ok(caller) = Caller::from_request_parts(parts, site).await;
    let found = find(site, &parts.headers, &caller, room).await?;
    let found = found.map(|(visitor, token)| (visitor, token.to_owned()));
    let visitor = found.as_ref().map(|(visitor, _)| visitor);
    if let Some(visitor) = visitor {
        note_device(visitor, &parts.headers, site).await;
    }
    let settings = visitor.map(|visitor| visitor.settings().clone());
    let account = visitor.and_then(Visitor::account);
    Reader::of(parts).is(account, settings);
    Ok(found)
}

/// Notes what a new session's device is.
async fn note_device(visitor: &Visitor, headers: &HeaderMap, site: &Site) {
    if !visitor.device().is_empty() {
        return;
    }
    let header = headers.get(USER_AGENT);
    let header = header.and_then(|value| value.to_str().ok());
    let device = DeviceText::of_user_agent(header.unwrap_or_default());
    if !device.is_empty() {
        site.app.note_device(visitor, device).await;
    }
}
