//! Turns the application's answers into the protocol's.

use bytes::Bytes;
use papo_app::{Committed, Connection, Error, ErrorKind, Trouble};
use papo_domain::{Mark, RoomId};
use papo_protocol::{Cause, ErrorCode, MembershipObject, ServerFrame, close, encode};
use papo_websocket::CloseCode;

/// The answer to a `send`, `edit` or `delete` on this connection.
pub(super) fn outcome(
    connection: &Connection,
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
        Err(error) => refusal(connection, reference, &error),
    }
}

/// The answer to a `read` or `unread` on this connection.
pub(super) fn membership(
    connection: &Connection,
    reference: Option<u64>,
    result: Result<MembershipObject, Error>,
) -> Bytes {
    match result {
        Ok(membership) => encode(&ServerFrame::Membership {
            r#ref: reference,
            membership,
        }),
        Err(error) => refusal(connection, reference, &error),
    }
}

fn refusal(connection: &Connection, reference: Option<u64>, error: &Error) -> Bytes {
    encode(&ServerFrame::Error {
        r#ref: reference,
        code: code(error),
        message: error.to_string(),
        retry: retry(error),
        cause: cause(connection, error),
    })
}

/// Why the server can't do it now, for administrators: nobody else can mend it.
pub(super) fn cause(connection: &Connection, error: &Error) -> Option<Cause> {
    match error {
        _ if connection.mark() != Some(Mark::Administrator) => None,
        Error::Storage(Trouble::FullDisk) => Some(Cause::Disk),
        Error::Storage(Trouble::Away) => Some(Cause::Database),
        _ => None,
    }
}

/// The seconds after which a retry makes sense.
pub(super) fn retry(error: &Error) -> Option<u64> {
    error.retry().map(|after| after.as_secs().max(1))
}

pub(super) const fn code(error: &Error) -> ErrorCode {
    match error {
        Error::NoRoom => ErrorCode::NoRoom,
        Error::NotJoined | Error::NoSession | Error::Banned => ErrorCode::NotJoined,
        Error::NoMessage => ErrorCode::NoMessage,
        Error::NotYours => ErrorCode::NotYours,
        Error::ReadOnly => ErrorCode::ReadOnly,
        Error::WrongUsername => ErrorCode::WrongUsername,
        Error::Message(_) => ErrorCode::BadMessage,
        Error::Id(_) | Error::IdInOtherRoom => ErrorCode::BadClientId,
        Error::RateLimited(_) => ErrorCode::RateLimited,
        _ => ErrorCode::Unavailable,
    }
}

/// The close code of a plain socket whose message was refused. A right that has ended has the same
/// code as when its notice comes first.
pub(super) const fn plain_close_code(error: &Error) -> CloseCode {
    match (error, error.kind()) {
        (Error::NoSession, _) => CloseCode(close::ENDED),
        // A person who was removed from a private room may not know any more that it is there.
        (Error::NotJoined | Error::NoRoom, _) => CloseCode(close::LEFT),
        (_, ErrorKind::Away | ErrorKind::Defect) => CloseCode::TRY_LATER,
        (_, _) => CloseCode::POLICY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_left_is_told_so_whatever_came_first() {
        for (error, code) in [
            (Error::NoSession, 4003),
            (Error::NotJoined, 4001),
            (Error::NoRoom, 4001),
            (Error::ReadOnly, 1008),
            (Error::WrongUsername, 1008),
            (Error::Internal, 1013),
        ] {
            assert_eq!(plain_close_code(&error).0, code, "{error}");
        }
    }
}
