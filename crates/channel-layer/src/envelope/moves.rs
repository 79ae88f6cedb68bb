//! Events as heads count them, between nodes.

use papo_domain::{PersonId, RoomId, Seq};
use serde::{Deserialize, Serialize};

use crate::{Move, Moves};

/// Events share an envelope up to this many: about 80 KiB.
const TOGETHER: usize = 4_096;
/// About how many bytes an event has.
const BYTES: usize = 20;

/// A room, and its events.
pub(super) type RoomBody = (i64, Vec<(i64, MoveBody)>);

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum MoveBody {
    Posted(u64),
    Edited,
    Other,
}

/// About how many bytes these have.
pub(super) fn size(rooms: &Moves) -> usize {
    let sizes = rooms.iter().map(|(_, moves)| (moves.len() + 1) * BYTES);
    sizes.sum()
}

/// Divides events into portions.
pub(super) fn portions(rooms: &Moves) -> Vec<Vec<RoomBody>> {
    let mut portions: Vec<Vec<RoomBody>> = Vec::new();
    let mut space = 0;
    for (room, moves) in rooms {
        for some in moves.chunks(TOGETHER) {
            if space < some.len() {
                portions.push(Vec::new());
                space = TOGETHER;
            }
            // A room takes about as much as an event.
            space = space.saturating_sub(some.len() + 1);
            let bodies = some.iter().map(|(seq, change)| (seq.0, body(*change)));
            if let Some(portion) = portions.last_mut() {
                portion.push((room.0, bodies.collect()));
            }
        }
    }
    portions
}

/// The events, if they can be any.
pub(super) fn checked(rooms: &[RoomBody]) -> Option<Moves> {
    let event = |(seq, body): &(i64, MoveBody)| {
        let change = match body {
            MoveBody::Posted(sender) => Move::Posted(PersonId(*sender)),
            MoveBody::Edited => Move::Edited,
            MoveBody::Other => Move::Other,
        };
        (*seq > 0).then_some((Seq(*seq), change))
    };
    let room = |(room, moves): &RoomBody| {
        let moves = moves.iter().map(event).collect::<Option<_>>();
        Some((RoomId(*room), moves?))
    };
    rooms.iter().map(room).collect()
}

fn body(change: Move) -> MoveBody {
    match change {
        Move::Posted(sender) => MoveBody::Posted(sender.0),
        Move::Edited => MoveBody::Edited,
        Move::Other => MoveBody::Other,
    }
}
