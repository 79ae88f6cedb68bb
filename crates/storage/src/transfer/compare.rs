//! How an interrupted copy goes on: it compares what it has stored with the source.

use std::collections::HashMap;

use async_trait::async_trait;

use super::{PAGE, Pages, Place, Record};
use crate::StorageError;

/// An interrupted copy.
#[async_trait]
pub trait Stored: Pages {
    /// How far each room's log is stored.
    async fn stored(&mut self) -> Result<HashMap<i64, i64>, StorageError>;

    /// Deletes a room's log.
    async fn forget(&mut self, room: i64) -> Result<(), StorageError>;
}

/// How far each room's log needn't be copied again. This compares what is stored with the source,
/// since messages may have been edited or deleted there. It deletes a log that differs.
pub async fn resume(
    source: &mut dyn Pages,
    copy: &mut dyn Stored,
    passed: &mut (dyn FnMut(u64) + Send),
) -> Result<HashMap<i64, i64>, StorageError> {
    let mut same = HashMap::new();
    let mut events = 0;
    for (room, last) in copy.stored().await? {
        if is_same(source, copy, room, last, events, passed).await? {
            events += last.unsigned_abs();
            same.insert(room, last);
        } else {
            copy.forget(room).await?;
        }
    }
    Ok(same)
}

async fn is_same(
    source: &mut dyn Pages,
    copy: &mut dyn Stored,
    room: i64,
    last: i64,
    before: u64,
    passed: &mut (dyn FnMut(u64) + Send),
) -> Result<bool, StorageError> {
    let mut after = 0;
    while after < last {
        let place = Place::Events { room, after };
        let copied = copy.page(place, PAGE).await?;
        let original = source.page(place, copied.len()).await?;
        let Some(Record::Event(end)) = copied.last() else {
            return Ok(false);
        };
        if copied != original {
            return Ok(false);
        }
        after = end.seq;
        passed(before + after.unsigned_abs());
    }
    Ok(true)
}
