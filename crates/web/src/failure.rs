//! Failed requests. Only this file turns errors into status codes.
//!
//! A failure travels as a bare answer that carries it. The middleware `error_pages` then writes the
//! page in the reader's language. [`as_json`] writes the error frame on routes for programs.

use axum::Json;
use axum::http::Extensions;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use papo_app::{Error, ErrorKind};
use papo_protocol::{ErrorCode, ServerFrame};

use crate::page::SIGN_IN_PATH;
use crate::query;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The application refused.
    App(Error),
    /// There is no such page.
    NotFound,
    /// A page of another site requested a change, or the request doesn't say where it comes from.
    CrossSite,
    /// The person has signed in, but isn't an administrator.
    NotAdministrator,
    /// The page needs a sign-in. This is its address.
    SignInFirst(String),
    /// It took too long.
    Timeout,
    /// The form can't be read, or another mistake that only programs make.
    Other(StatusCode),
}

/// How long a client should wait after a limit or an overload, when nothing better is known.
const RETRY_SECONDS: u64 = 5;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotAdministrator => Self::NotAdministrator,
            other => Self::App(other),
        }
    }
}

impl Failure {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::App(Error::NoSession) | Self::SignInFirst(_) => StatusCode::UNAUTHORIZED,
            Self::App(error) => status(error.kind()),
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::CrossSite | Self::NotAdministrator => StatusCode::FORBIDDEN,
            Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            Self::Other(status) => *status,
        }
    }

    /// The seconds after which a retry makes sense.
    pub(crate) fn retry_seconds(&self) -> Option<u64> {
        match self {
            Self::App(error) => error.retry().map(|after| after.as_secs().max(1)),
            Self::Timeout => Some(RETRY_SECONDS),
            _ => None,
        }
    }

    /// The failure that an answer carries or means.
    pub(crate) fn of(status: StatusCode, extensions: &Extensions) -> Option<Self> {
        match extensions.get::<Self>() {
            Some(failure) => Some(failure.clone()),
            None if status == StatusCode::NOT_FOUND => Some(Self::NotFound),
            None if status.is_client_error() || status.is_server_error() => {
                Some(Self::Other(status))
            }
            None => None,
        }
    }

    /// The protocol's code for it, where there is one.
    fn code(&self) -> ErrorCode {
        match self {
            Self::App(Error::NotJoined | Error::NoSession | Error::Banned) => ErrorCode::NotJoined,
            Self::App(Error::ReadOnly) => ErrorCode::ReadOnly,
            Self::App(Error::NoRoom) | Self::NotFound => ErrorCode::NoRoom,
            Self::App(Error::RateLimited(_)) => ErrorCode::RateLimited,
            _ if self.status().is_server_error() => ErrorCode::Unavailable,
            _ => ErrorCode::BadFrame,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if let Self::SignInFirst(next) = &self {
            let next = query::pair("next", next);
            return Redirect::to(&format!("{SIGN_IN_PATH}?{next}")).into_response();
        }
        let mut response = self.status().into_response();
        if let Some(seconds) = self.retry_seconds() {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Replaces a failure by the protocol's error frame, on routes for programs.
pub(crate) async fn as_json(response: Response) -> Response {
    let Some(failure) = Failure::of(response.status(), response.extensions()) else {
        return response;
    };
    let message = match &failure {
        Failure::App(error) => error.to_string(),
        other => other.status().to_string(),
    };
    let (code, retry) = (failure.code(), failure.retry_seconds());
    let (parts, _) = response.into_parts();
    let mut answer = Json(ServerFrame::Error {
        r#ref: None,
        code,
        message,
        retry,
        cause: None,
    })
    .into_response();
    *answer.status_mut() = parts.status;
    if let Some(retry) = parts.headers.get(RETRY_AFTER) {
        answer.headers_mut().insert(RETRY_AFTER, retry.clone());
    }
    answer
}

/// The status code of each kind of error.
pub(crate) const fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Missing => StatusCode::NOT_FOUND,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::TooOften => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Away => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Defect => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_administers_no_more_is_told_so_whoever_finds_it_out() {
        let failure = Failure::from(Error::NotAdministrator);
        assert_eq!(failure, Failure::NotAdministrator);
        assert_eq!(failure.status(), status(Error::NotAdministrator.kind()));
    }
}
