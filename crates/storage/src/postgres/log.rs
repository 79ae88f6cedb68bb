//! Reading the rooms' logs on.

use papo_domain::{Event, RoomId, Seq};

use super::connection::Connection;
use super::errors::Failure;
use super::rows;

/// The events of a room after `after`, in order.
pub(super) async fn events_after(
    db: &Connection,
    room: RoomId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Event>, Failure> {
    let sql = format!(
        "SELECT {} WHERE event.room_id = $1 AND event.seq > $2 ORDER BY event.seq LIMIT $3",
        rows::EVENT
    );
    let found = db
        .rows(&sql, &[&room.0, &after.0, &rows::count(limit)])
        .await?;
    found.iter().map(|row| rows::event(room, row)).collect()
}
