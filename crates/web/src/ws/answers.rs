//! Turns what the application says into the protocol's words.

use bytes::Bytes;
use papo_app::{Committed, Error};
use papo_domain::RoomId;
use papo_protocol::{ErrorCode, ServerFrame, close, encode};
use papo_websocket::CloseCode;

/// The answer to a `send`, `edit` or `delete`.
pub(super) fn outcome(
    reference: Option<u64>,
    room: RoomId,
    result: Result<Committed, Error>,
) -> Bytes {
    match result {
        Ok(committed) => encode(&ServerFrame::Ack {
            r#ref: reference,
            room: room.0,
            seq: Some(committed.seq.0),
            timestamp: Some(committed.timestamp.to_string()),
        }),
        Err(error) => refusal(reference, &error),
    }
}

/// An error frame for what the application refused.
pub(super) fn refusal(reference: Option<u64>, error: &Error) -> Bytes {
    let retry = error.retry().map(|after| after.as_secs().max(1));
    encode(&ServerFrame::Error {
        r#ref: reference,
        code: code(error),
        message: error.to_string(),
        retry,
    })
}

/// An error frame for what the edge refused.
pub(super) fn error(reference: Option<u64>, code: ErrorCode, message: impl Into<String>) -> Bytes {
    encode(&ServerFrame::Error {
        r#ref: reference,
        code,
        message: message.into(),
        retry: None,
    })
}

const fn code(error: &Error) -> ErrorCode {
    match error {
        Error::NoRoom => ErrorCode::NoRoom,
        Error::NotJoined => ErrorCode::NotJoined,
        Error::NoMessage => ErrorCode::NoMessage,
        Error::NotYours => ErrorCode::NotYours,
        Error::WrongUsername => ErrorCode::WrongUsername,
        Error::Message(_) => ErrorCode::BadMessage,
        Error::Id(_) | Error::IdInOtherRoom => ErrorCode::BadClientId,
        Error::RateLimited(_) => ErrorCode::RateLimited,
        _ => ErrorCode::Unavailable,
    }
}

/// What closes a plain socket whose message was refused. What the session or the room has lost since it was opened is said as it is where
/// the notice of that comes first.
pub(super) const fn plain_close_code(error: &Error) -> CloseCode {
    match error {
        Error::NotJoined => CloseCode(close::LEFT),
        Error::NoRoom => CloseCode(close::ROOM_CLOSED),
        Error::Unavailable(_) | Error::Internal => CloseCode::TRY_LATER,
        _ => CloseCode::POLICY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_left_and_whose_room_has_closed_are_told_so_whatever_came_first() {
        for (error, code) in [
            (Error::NotJoined, 4001),
            (Error::NoRoom, 4004),
            (Error::WrongUsername, 1008),
            (Error::Internal, 1013),
        ] {
            assert_eq!(plain_close_code(&error).0, code, "{error}");
        }
    }
}
