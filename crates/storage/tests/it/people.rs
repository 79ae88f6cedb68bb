//! The people who have an account, as administrators look for them.

use papo_domain::PersonId;
use papo_storage::{AccountChange, AccountFilter, By, NewAccount, NewSession, Served};

use crate::world::{World, account, at, token};

crate::stories!(people_are_found, sessions_are_counted);

fn all() -> AccountFilter {
    AccountFilter {
        limit: 99,
        ..AccountFilter::default()
    }
}

async fn names(world: &World, filter: AccountFilter) -> Vec<String> {
    let found = world.storage.find_accounts(filter).await.unwrap();
    let names = found.iter().map(|found| found.account.name.to_string());
    names.collect()
}

async fn people_are_found(world: &World) {
    for (number, (name, is_admin)) in (1..).zip([
        ("Chefe", true),
        ("ana", false),
        ("Águia", false),
        ("100%", false),
    ]) {
        let new = NewAccount {
            is_admin,
            ..account(name, PersonId(number))
        };
        let made = world.storage.create_account(new).await.unwrap();
        if name == "ana" {
            let suspend = AccountChange::Suspend;
            let changed = world
                .storage
                .change_account(By::System, made.id, suspend, at(1));
            changed.await.unwrap().unwrap();
        }
    }
    let order = ["100%", "ana", "Chefe", "Águia"];
    assert_eq!(names(world, all()).await, order);
    let page = AccountFilter {
        offset: 1,
        limit: 2,
        ..all()
    };
    assert_eq!(names(world, page).await, order[1..3]);
    for (search, expected) in [
        ("ÁGU", vec!["Águia"]),
        ("%", vec!["100%"]),
        ("a", vec!["ana", "Águia"]),
        ("_", vec![]),
        ("\0", vec![]),
    ] {
        let search = Some(search.to_owned());
        assert_eq!(
            names(world, AccountFilter { search, ..all() }).await,
            expected
        );
    }
    let is_admin = Some(true);
    let administrators = AccountFilter { is_admin, ..all() };
    assert_eq!(names(world, administrators).await, ["Chefe"]);
    for (is_suspended, expected) in [(true, vec!["ana"]), (false, vec!["100%", "Chefe", "Águia"])]
    {
        let is_suspended = Some(is_suspended);
        let filter = AccountFilter {
            is_suspended,
            ..all()
        };
        assert_eq!(names(world, filter).await, expected);
    }
}

async fn sessions_are_counted(world: &World) {
    let ana = account("Ana", PersonId(1));
    let ana = world.storage.create_account(ana).await.unwrap();
    let seen = async || {
        let found = world.storage.find_accounts(all()).await.unwrap();
        (found[0].sessions, found[0].last_used)
    };
    assert_eq!(seen().await, (0, None));
    for (number, used) in [(1, 5), (2, 3)] {
        let session = NewSession {
            token: token(number),
            at: at(0),
            used: Served(used),
        };
        world.sign_in(session, &ana).await;
    }
    assert_eq!(seen().await, (2, Some(Served(5))));
}
