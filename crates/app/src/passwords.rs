//! Passwords: hashed and checked with Argon2id, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use papo_storage::StoredPassword;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::{Error, Guess};

/// How many passwords are hashed at once. Each takes 19 MiB and some 20 ms of a core.
const AT_ONCE: usize = 2;
/// How many may be hashed or wait for it. Further ones are refused for now.
const WAITING: usize = 32;

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    working: Arc<Semaphore>,
    /// The hash of a password that nobody has. A check against it takes as long as one against a
    /// real hash.
    nobody: StoredPassword,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(WAITING)),
            working: Arc::new(Semaphore::new(AT_ONCE)),
            // Argon2id with the parameters of `Argon2::default()`, of 32 random bytes that were
            // thrown away.
            nobody: StoredPassword(NOBODY.to_owned()),
        }
    }

    /// Hashes a new password, unless it is easy to guess for somebody who knows these names.
    pub(crate) async fn hash_unguessed(
        &self,
        password: String,
        known: [String; 2],
    ) -> Result<StoredPassword, Error> {
        let password = opaque(&password);
        self.work(move || match Guess::of(&password, &known) {
            Some(guess) => Err(Error::PasswordGuess(guess)),
            None => hash(&password),
        })
        .await?
    }

    /// Whether this is the password. For `None`, an account that doesn't exist, it is `false` after
    /// the same time.
    pub(crate) async fn verify(
        &self,
        password: String,
        stored: Option<StoredPassword>,
    ) -> Result<bool, Error> {
        let is_somebody = stored.is_some();
        let password = opaque(&password);
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        let matches = self
            .work(move || {
                PasswordHash::new(&stored.0).is_ok_and(|hash| {
                    Argon2::default()
                        .verify_password(password.as_bytes(), &hash)
                        .is_ok()
                })
            })
            .await?;
        Ok(matches && is_somebody)
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        const BUSY: Error = Error::Unavailable(Duration::from_secs(3));
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| BUSY)?;
        let turn = Arc::clone(&self.working).acquire_owned().await;
        let turn = turn.map_err(|_| BUSY)?;
        let work = tokio::task::spawn_blocking(move || {
            // The job goes on when the caller has gone, and keeps both until its end.
            let _held = (place, turn);
            job()
        });
        work.await.map_err(|error| {
            tracing::error!(%error, "can't hash a password");
            Error::Internal
        })
    }
}

fn hash(password: &str) -> Result<StoredPassword, Error> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    let hash = hash.map(|hash| StoredPassword(hash.to_string()));
    hash.map_err(|error| {
        tracing::error!(%error, "can't hash a password");
        Error::Internal
    })
}

/// The one form of a password, however it was typed. It is RFC 8265's `OpaqueString`, which
/// composes characters and has one kind of space.
pub(crate) fn opaque(password: &str) -> String {
    let is_space = |c: char| c.general_category() == GeneralCategory::SpaceSeparator;
    let one_space = |c| if is_space(c) { ' ' } else { c };
    password.chars().map(one_space).nfc().collect()
}

const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ib2Q$8x9m1kS0gkN1cYwX3X2x0bqJrYp8Q9m5m1xZ0vVJf3c";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::new();
        let stored = hash("correct horse").unwrap();
        assert!(stored.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(
            passwords
                .verify("correct horse".into(), Some(stored.clone()))
                .await,
            Ok(true)
        );
        assert_eq!(
            passwords.verify("Correct horse".into(), Some(stored)).await,
            Ok(false)
        );
        assert_eq!(
            passwords.verify("correct horse".into(), None).await,
            Ok(false)
        );
    }

    #[tokio::test]
    async fn a_password_is_the_same_however_it_was_typed() {
        let passwords = Passwords::new();
        let (composed, decomposed) = (
            "corac\u{327}a\u{303}o de mae",
            "cora\u{e7}\u{e3}o\u{a0}de\u{3000}mae",
        );
        for (made, typed) in [(composed, decomposed), (decomposed, composed)] {
            let stored = hash(&opaque(made)).unwrap();
            let matches = passwords.verify(typed.into(), Some(stored)).await;
            assert_eq!(matches, Ok(true));
        }
        let stored = hash(&opaque(composed)).unwrap();
        let other = passwords.verify("coracao de mae".into(), Some(stored));
        assert_eq!(other.await, Ok(false));
    }

    #[tokio::test]
    async fn a_job_keeps_its_turn_when_the_caller_has_gone() {
        let passwords = Passwords::new();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let (start, started) = tokio::sync::oneshot::channel();
        let job = passwords.work(move || {
            let _ = start.send(());
            let _ = ended.recv();
        });
        tokio::select! {
            biased;
            _ = started => {}
            _ = job => panic!("the job ended by itself"),
        }
        assert_eq!(passwords.working.available_permits(), AT_ONCE - 1);
        assert_eq!(passwords.places.available_permits(), WAITING - 1);
        drop(end);
        let all = u32::try_from(AT_ONCE).unwrap();
        let turns = passwords.working.acquire_many(all);
        assert!(
            tokio::time::timeout(Duration::from_secs(10), turns)
                .await
                .is_ok()
        );
    }

    #[test]
    fn the_hash_of_nobody_costs_what_a_real_one_costs() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        assert_eq!(hash.algorithm.as_str(), "argon2id");
        assert_eq!(hash.params.to_string(), "m=19456,t=2,p=1");
        assert_eq!(hash.hash.map(|hash| hash.len()), Some(32));
    }
}
