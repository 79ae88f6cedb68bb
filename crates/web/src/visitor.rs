//! Extractors for the visitor: with no room in view, with the room of the path, as an
//! administrator.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri, Path};
use http::HeaderMap;
use http::request::Parts;
use papo_app::{Administrator, Error, Visitor};
use papo_domain::RoomId;

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
            let Ok(OriginalUri(asked)) = OriginalUri::from_request_parts(parts, site).await;
            // A form that came too late can't be returned to.
            let next = asked
                .path_and_query()
                .filter(|_| parts.method.is_safe())
                .map_or("/admin/", |path| path.as_str());
            return Err(Failure::SignInFirst(next.to_owned()));
        };
        let administrator = visitor.administrator();
        Ok(Self(administrator.ok_or(Failure::NotAdministrator)?))
    }
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

/// The visitor and the session's token. Notes the reader for the page.
async fn visit(
    parts: &mut Parts,
    site: &Arc<Site>,
    room: Option<RoomId>,
) -> Result<(Option<Visitor>, Option<String>), Failure> {
    let Ok(caller) = Caller::from_request_parts(parts, site).await;
    let found = find(site, &parts.headers, &caller, room).await?;
    let found = found.map(|(visitor, token)| (visitor, token.to_owned()));
    let (visitor, token) = found.unzip();
    Reader::of(parts).is(visitor.as_ref().and_then(Visitor::account));
    Ok((visitor, token))
}
