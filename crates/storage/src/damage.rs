//! What `papo doctor` says of events that can't be read, in every database.

use papo_domain::{EventKind, RoomId, Seq, StoredEvent};

/// All events that may be damaged. For an edit or a deletion only the target is read.
pub(crate) const SUSPECTS: &str = "SELECT room_id, seq, kind, target, body FROM event \
    WHERE kind NOT IN (2, 3) OR target IS NULL ORDER BY room_id, seq";

/// The event and why it can't be read, or nothing when it can.
pub(crate) fn of_event(room: RoomId, seq: Seq, stored: StoredEvent) -> Option<String> {
    let why = match EventKind::from_stored(stored, None) {
        Ok(EventKind::Damaged) => "nothing of it is left".to_owned(),
        Ok(_) => return None,
        Err(error) => error.to_string(),
    };
    Some(format!("event {seq} of room {room} is damaged: {why}"))
}
