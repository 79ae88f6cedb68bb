//! Something that blocks whoever uses it, used where that may be.

use crate::StorageError;

/// A connection or a file, on which one thing is done at a time.
pub(crate) struct Blocking<T>(Option<T>);

impl<T: Send + 'static> Blocking<T> {
    /// Takes it.
    pub(crate) fn new(what: T) -> Self {
        Self(Some(what))
    }

    /// Does something with it on a thread for what blocks. Who stops waiting for that can't use it
    /// again.
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

    /// Gives it up to the last that is done with it.
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
