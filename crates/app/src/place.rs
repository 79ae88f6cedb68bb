//! The settings of the place: how they are read, changed, and followed by every node.
//!
//! A change is stored with a revocation. So a node learns of it as it learns of a right that has
//! ended, within a second, and needs no poll of its own.

use std::sync::Arc;
use std::time::Duration;

use papo_domain::{Place, PlaceError};
use papo_storage::{PlaceRefusal, PlaceVersion, StoredPlace};
use parking_lot::RwLock;
use tokio::time::sleep;

use crate::{Administrator, App, Error};

/// How long a node waits after a failed read before it reads again.
const AGAIN: Duration = Duration::from_millis(500);

/// The settings that a node knows.
#[derive(Debug)]
pub(crate) struct KnownPlace(RwLock<(PlaceVersion, Arc<Place>)>);

impl KnownPlace {
    /// The stored settings.
    pub(crate) fn new(stored: StoredPlace) -> Self {
        let StoredPlace { version, place } = stored;
        Self(RwLock::new((version, Arc::new(place))))
    }

    /// Takes these settings, unless it knows later ones.
    fn learn(&self, StoredPlace { version, place }: StoredPlace) {
        let mut known = self.0.write();
        if known.0 < version {
            *known = (version, Arc::new(place));
        }
    }
}

impl App {
    /// The settings of the place, as they are now.
    pub fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place.0.read().1)
    }

    /// The stored settings, to be changed.
    pub async fn stored_place(&self, _by: &Administrator) -> Result<StoredPlace, Error> {
        Ok(self.storage.place().await?)
    }

    /// Replaces the settings, if they still are those of this version. Every node has them within a
    /// second.
    pub async fn set_place(
        &self,
        by: &Administrator,
        before: PlaceVersion,
        place: Place,
    ) -> Result<(), Error> {
        for room in place.first_rooms.as_slice() {
            match self.any_room(by, *room).await {
                Err(Error::NoRoom) => return Err(PlaceError::FirstRooms.into()),
                other => other?,
            };
        }
        let at = self.settings.clock.now();
        let set = self.storage.set_place(by.by(), before, place.clone(), at);
        let version = set.await?.map_err(|refusal| match refusal {
            PlaceRefusal::Denied(denial) => denial.into(),
            PlaceRefusal::Changed => Error::PlaceChanged,
        })?;
        self.place.learn(StoredPlace { version, place });
        self.tell_changed();
        Ok(())
    }

    /// Reads the settings whenever a revocation says that they have changed, until the app stops.
    pub(crate) async fn watch_place(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.bells.place.notified() => {}
                () = self.stopping.cancelled() => return,
            }
            match self.storage.place().await {
                Ok(stored) => self.place.learn(stored),
                Err(error) => {
                    tracing::warn!(%error, "can't read the settings of the place");
                    self.bells.place.notify_one();
                    tokio::select! {
                        () = sleep(AGAIN) => {}
                        () = self.stopping.cancelled() => return,
                    }
                }
            }
        }
    }
}
