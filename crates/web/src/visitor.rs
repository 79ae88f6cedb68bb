//! Extractors for the person who asks: with no room in view, with the room of the path, as an administrator.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri, Path};
use http::request::Parts;
use papo_app::{Administrator, Visitor};
use papo_domain::RoomId;

use crate::caller::Caller;
use crate::cookies::session_token;
use crate::failure::Failure;
use crate::site::Site;

/// Whoever asks, if they have a session.
pub(crate) struct Guest(pub(crate) Option<Visitor>);

/// The room that the path names, and whoever asks as that room knows them.
pub(crate) struct InRoom {
    /// The room of the path; it may not exist.
    pub(crate) room: RoomId,
    /// Whoever asks, if they have a session.
    pub(crate) visitor: Option<Visitor>,
}

/// Somebody who may administer.
pub(crate) struct Admin {
    /// The proof, for the application.
    pub(crate) administrator: Administrator,
    /// Who it is.
    pub(crate) visitor: Visitor,
}

/// The room that the path names.
pub(crate) struct RoomPath(pub(crate) RoomId);

impl FromRequestParts<Arc<Site>> for Guest {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        find(parts, site, None).await.map(Self)
    }
}

impl FromRequestParts<Arc<Site>> for InRoom {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let RoomPath(room) = RoomPath::from_request_parts(parts, site).await?;
        let visitor = find(parts, site, Some(room)).await?;
        Ok(Self { room, visitor })
    }
}

impl FromRequestParts<Arc<Site>> for Admin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let visitor = find(parts, site, None)
            .await?
            .filter(|visitor| visitor.account().is_some());
        let Some(visitor) = visitor else {
            let Ok(OriginalUri(asked)) = OriginalUri::from_request_parts(parts, site).await;
            // A form that was sent too late can't be gone back to.
            let next = asked
                .path_and_query()
                .filter(|_| parts.method.is_safe())
                .map_or("/admin/", |path| path.as_str());
            return Err(Failure::SignInFirst(next.to_owned()));
        };
        let administrator = visitor.administrator().ok_or(Failure::NotAdministrator)?;
        Ok(Self {
            administrator,
            visitor,
        })
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

async fn find(
    parts: &mut Parts,
    site: &Arc<Site>,
    room: Option<RoomId>,
) -> Result<Option<Visitor>, Failure> {
    let Ok(caller) = Caller::from_request_parts(parts, site).await;
    let token = session_token(&parts.headers, &caller);
    Ok(site.app.visitor(token, room).await?)
}
