//! The locks of this crate: those of `parking_lot`, or with the feature `shuttle` locks whose
//! interleavings a test can choose.

#[cfg(not(feature = "shuttle"))]
pub(crate) use parking_lot::{Mutex, RwLock};
#[cfg(not(feature = "shuttle"))]
pub(crate) use std::sync::atomic::AtomicI64;

#[cfg(feature = "shuttle")]
pub(crate) use shuttle::sync::atomic::AtomicI64;
#[cfg(feature = "shuttle")]
pub(crate) use watched::{Mutex, RwLock};

#[cfg(feature = "shuttle")]
mod watched {
    use shuttle::sync::{self, MutexGuard, RwLockReadGuard, RwLockWriteGuard};

    const NEVER: &str = "a test that panicked has ended";

    /// With `parking_lot`'s methods.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect(NEVER)
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().expect(NEVER)
        }
    }

    /// With `parking_lot`'s methods.
    #[derive(Debug, Default)]
    pub(crate) struct RwLock<T>(sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().expect(NEVER)
        }

        pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().expect(NEVER)
        }
    }
}
