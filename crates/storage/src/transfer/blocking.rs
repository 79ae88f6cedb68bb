//! Blocking work on a thread for such work.

use crate::StorageError;

/// A connection or a file, used for one thing at a time.
pub(crate) struct Blocking<T>(Option<T>);

impl<T: Send + 'static> Blocking<T> {
    /// Wraps it.
    pub(crate) fn new(what: T) -> Self {
        Self(Some(what))
    }

    /// Uses it on a thread for blocking work. A caller that stops waiting can't use it again.
    pub(crate) async fn run<A: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut T) -> Result<A, StorageError> + Send + 'static,
    ) -> Result<A, StorageError> {
        let mut what = self.0.take().ok_or_else(gone)?;
        let running = tokio::task::spawn_blocking(move || {
            let done = work(&mut what);
            (what, done)
        });
        let (what, done) = running.await.map_err(|_| gone())?;
        self.0 = Some(what);
        done
    }

    /// Hands it to its last use.
    pub(crate) async fn finish<A: Send + 'static>(
        mut self,
        work: impl FnOnce(T) -> Result<A, StorageError> + Send + 'static,
    ) -> Result<A, StorageError> {
        let what = self.0.take().ok_or_else(gone)?;
        let running = tokio::task::spawn_blocking(move || work(what));
        running.await.map_err(|_| gone())?
    }
}

fn gone() -> StorageError {
    StorageError::Other("what was done with it before didn't come to its end".into())
}
