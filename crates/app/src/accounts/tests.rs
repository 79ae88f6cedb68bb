use std::sync::Arc;
use std::time::Instant;

use papo_storage::sqlite::SqliteStorage;
use tempfile::TempDir;

use super::*;
use crate::Settings;

const PASSWORD: &str = "correct horse battery";

/// An app with the account `Chefe`.
async fn start() -> (TempDir, Arc<App>) {
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&folder.path().join("papo.sqlite3")).unwrap();
    let app = App::start(Arc::new(storage), Settings::default(), None).await;
    let app = app.unwrap();
    let administrator = Administrator::local();
    let account = app.create_account(&administrator, "Chefe", PASSWORD.into(), true);
    account.await.unwrap();
    (folder, app)
}

async fn sign_in(app: &App, name: &str, password: &str, from: &str) -> Result<(), Error> {
    sign_in_with(app, name, password, from, "").await.map(drop)
}

/// Signs in with the mark that the browser keeps. Returns what it keeps then.
async fn sign_in_with(
    app: &App,
    name: &str,
    password: &str,
    from: &str,
    kept: &str,
) -> Result<String, Error> {
    let address = from.parse().unwrap();
    let signed_in = app.sign_in(None, name, password.into(), address, kept);
    signed_in.await.map(|signed_in| signed_in.kept)
}

/// Tries wrong passwords until the limit refuses one. Returns how many it could try.
async fn attack(app: &App, name: &str, from: &str) -> u64 {
    // It counts like any other, and isn't hashed.
    let wrong = "a".repeat(PASSWORD_CHARACTERS.end() + 1);
    for tried in 0..1_000 {
        match sign_in(app, name, &wrong, from).await {
            Err(Error::SignIn) => {}
            refused => {
                assert!(matches!(refused, Err(Error::RateLimited(_))), "{refused:?}");
                return tried;
            }
        }
    }
    panic!("there is no limit");
}

#[tokio::test]
async fn who_tries_anothers_passwords_keeps_nobody_else_out() {
    let (_folder, app) = start().await;
    let begun = Instant::now();
    // Another form of the name means the same account.
    let tried = attack(&app, "CHEFE", "2001:db8:0:1::1").await;
    // One more in ten seconds, if the machine stood still.
    assert!((10..=11 + begun.elapsed().as_secs() / 10).contains(&tried));
    assert_eq!(
        sign_in(&app, "Chefe", PASSWORD, "2001:db8:0:2::1").await,
        Ok(())
    );
    assert_eq!(sign_in(&app, "Chefe", PASSWORD, "192.0.2.1").await, Ok(()));
    app.stop().await;
}

#[tokio::test]
async fn a_network_at_its_limit_is_refused_even_with_the_right_password() {
    let (_folder, app) = start().await;
    attack(&app, "Chefe", "2001:db8:0:1::1").await;
    // Another address of the same network.
    let refused = sign_in(&app, "Chefe", PASSWORD, "2001:db8:0:1:ffff::1").await;
    assert!(matches!(refused, Err(Error::RateLimited(_))), "{refused:?}");
    // Another account from the same address: the network's own limit isn't reached.
    let wrong = sign_in(&app, "Outra", PASSWORD, "2001:db8:0:1::1").await;
    assert_eq!(wrong, Err(Error::SignIn));
    app.stop().await;
}

#[tokio::test]
async fn who_has_signed_in_from_a_browser_before_is_not_counted_with_strangers() {
    let (_folder, app) = start().await;
    let kept = sign_in_with(&app, "Chefe", PASSWORD, "192.0.2.1", "").await;
    let kept = kept.unwrap();
    // From the same address, and from so many others that the name's limit is reached.
    for network in 1..=12 {
        attack(&app, "Chefe", &format!("192.0.2.{network}")).await;
    }
    // A network that hasn't guessed still has two tries.
    for wrong in ["wrong password", "another password"] {
        let stranger = sign_in(&app, "Chefe", wrong, "198.51.100.1").await;
        assert_eq!(stranger, Err(Error::SignIn));
    }
    let stranger = sign_in(&app, "Chefe", PASSWORD, "198.51.100.1").await;
    assert!(
        matches!(stranger, Err(Error::RateLimited(_))),
        "{stranger:?}"
    );
    for from in ["192.0.2.1", "198.51.100.1"] {
        let signed_in = sign_in_with(&app, "chefe", PASSWORD, from, &kept).await;
        assert!(signed_in.is_ok(), "{signed_in:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_new_browser_of_the_owner_gets_in_while_others_guess_from_sixteen_networks() {
    let (_folder, app) = start().await;
    for _ in 0..2 {
        for network in 1..=16 {
            attack(&app, "Chefe", &format!("192.0.2.{network}")).await;
        }
    }
    let owner = sign_in(&app, "Chefe", PASSWORD, "198.51.100.1").await;
    assert_eq!(owner, Ok(()));
    app.stop().await;
}

/// Tries wrong passwords with what a browser keeps until the limit refuses one. Returns how many it
/// could try.
async fn attack_with(app: &App, from: &str, kept: &str) -> u64 {
    let wrong = "a".repeat(PASSWORD_CHARACTERS.end() + 1);
    let mut tried = 0;
    while sign_in_with(app, "Chefe", &wrong, from, kept).await == Err(Error::SignIn) {
        tried += 1;
        assert!(tried < 1_000, "there is no limit");
    }
    tried
}

/// The allowed number, and what the limit gives back every ten seconds meanwhile.
fn about(allowed: u64, begun: Instant) -> RangeInclusive<u64> {
    allowed..=allowed + 2 * (1 + begun.elapsed().as_secs() / 10)
}

#[tokio::test]
async fn a_mark_has_a_limit_of_its_own_and_is_of_one_account() {
    let (_folder, app) = start().await;
    let kept = sign_in_with(&app, "Chefe", PASSWORD, "192.0.2.1", "").await;
    let kept = kept.unwrap();
    let begun = Instant::now();
    // Ten for the mark, and then those of a stranger.
    let tried = attack_with(&app, "192.0.2.2", &kept).await;
    assert!(about(20, begun).contains(&tried), "{tried}");
    // An attacker who uses up a mark keeps nobody else out, not even its owner.
    assert_eq!(sign_in(&app, "Chefe", PASSWORD, "192.0.2.1").await, Ok(()));
    let owner = sign_in_with(&app, "Chefe", PASSWORD, "192.0.2.1", &kept).await;
    assert!(owner.is_ok(), "{owner:?}");
    // The mark doesn't hold for another name.
    let wrong = "a".repeat(PASSWORD_CHARACTERS.end() + 1);
    for _ in 0..2 {
        attack(&app, "Outra", "192.0.2.9").await;
        let refused = sign_in_with(&app, "Outra", &wrong, "192.0.2.9", &kept).await;
        assert!(matches!(refused, Err(Error::RateLimited(_))), "{refused:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_mark_ends_with_the_password_that_it_was_made_with() {
    let (_folder, app) = start().await;
    let kept = sign_in_with(&app, "Chefe", PASSWORD, "192.0.2.1", "").await;
    let kept = kept.unwrap();
    let administrator = Administrator::local();
    let account = app.find_account(&administrator, "Chefe").await.unwrap();
    let changed = app.set_password(&administrator, &account, "another password".into());
    changed.await.unwrap();
    let begun = Instant::now();
    let tried = attack_with(&app, "192.0.2.2", &kept).await;
    assert!(about(10, begun).contains(&tried), "{tried}");
    app.stop().await;
}

#[tokio::test]
async fn a_name_that_nobody_can_have_is_counted_by_the_address_alone() {
    let (_folder, app) = start().await;
    // Its skeleton would take long.
    let long = "\u{1d4d0} ".repeat(12_000);
    let begun = Instant::now();
    let tried = attack(&app, &long, "192.0.2.1").await;
    let come_back = begun.elapsed().as_secs() / 3 + 1;
    assert!((20..=20 + come_back).contains(&tried), "{tried}");
    app.stop().await;
}
