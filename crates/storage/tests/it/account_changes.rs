//! Changes of accounts: passwords, sessions, suspension, removal, administration.

use papo_domain::{Account, AccountId, AccountName, Mark, PersonId, SessionId};
use papo_storage::{
    AccountChange, AccountRefusal, By, JoinRefusal, NewAccount, NewSession, RevocationId, Revoked,
    Served, StorageError, StoredPassword,
};
use tokio::join;

use crate::world::{Guest, World, account, at, password_of, token, username};

crate::stories!(
    another_password_ends_all_sessions,
    nobody_signs_in_with_a_password_that_has_just_changed,
    an_accounts_sessions_are_listed_and_ended,
    a_suspended_account_cannot_sign_in_and_keeps_its_name,
    a_removed_account_leaves_its_messages_and_frees_its_name,
    the_last_administrator_stays_one,
    of_two_administrators_who_end_each_other_one_remains,
    the_setup_token_ends_when_an_administrator_comes_back,
    a_mark_that_changes_is_told_in_every_room,
    what_is_not_there_cannot_be_changed,
);

const LAST: Result<Vec<SessionId>, AccountRefusal> = Err(AccountRefusal::LastAdministrator);

async fn make(world: &World, name: &str, is_admin: bool) -> Account {
    let person = PersonId(name.bytes().map(u64::from).sum());
    let new = NewAccount {
        is_admin,
        ..account(name, person)
    };
    world.storage.create_account(new).await.unwrap()
}

async fn change(
    world: &World,
    account: &Account,
    change: AccountChange,
) -> Result<Vec<SessionId>, AccountRefusal> {
    let changed = world
        .storage
        .change_account(By::System, account.id, change, at(9))
        .await;
    changed.unwrap()
}

fn session(number: u64) -> NewSession {
    NewSession {
        token: token(number),
        at: at(3),
        used: Served(5),
    }
}

async fn sign_in(world: &World, number: u64, account: &Account) -> Option<SessionId> {
    let password = password_of(account.name.as_str());
    let signed_in = world
        .storage
        .sign_in(account.id, password, session(number), None);
    signed_in.await.unwrap()
}

async fn is_there(world: &World, number: u64) -> bool {
    let found = world.storage.session(token(number), None).await.unwrap();
    found.is_some()
}

/// The sessions that the revocations say have ended.
async fn ended(world: &World) -> Vec<SessionId> {
    let all = world.storage.revocations_after(RevocationId(0), usize::MAX);
    let all = all.await.unwrap().into_iter();
    all.filter_map(|one| match one.revoked {
        Some(Revoked::Ended(session)) => Some(session),
        _ => None,
    })
    .collect()
}

async fn another_password_ends_all_sessions(world: &World) {
    let room = world.room("Geral").await;
    let (ana, bia) = (
        make(world, "Ana", true).await,
        make(world, "Bia", true).await,
    );
    let first = sign_in(world, 71, &ana).await.unwrap();
    let second = sign_in(world, 72, &ana).await.unwrap();
    sign_in(world, 73, &bia).await.unwrap();
    let guest = world.guest(room, "Caio").await;
    let joined = world.storage.join(first, room, username("Ana"), at(4));
    joined.await.unwrap().unwrap();
    let new = StoredPassword("$argon2id$new".into());
    let changed = change(world, &ana, AccountChange::Password(new.clone())).await;
    assert_eq!(changed, Ok(vec![first, second]));
    assert_eq!(ended(world).await, [first, second]);
    assert!(!is_there(world, 71).await && !is_there(world, 72).await);
    assert!(is_there(world, 73).await);
    let memberships = world.storage.memberships(first).await.unwrap();
    assert_eq!(memberships, []);
    let memberships = world.storage.memberships(guest.session).await.unwrap();
    assert_eq!(memberships, [(room, username("Caio"))]);
    assert_eq!(sign_in(world, 74, &ana).await, None);
    let signed_in = world.storage.sign_in(ana.id, new, session(75), None).await;
    assert!(signed_in.unwrap().is_some());
}

/// A sign-in has checked the password before. The change comes between, or just before or after.
async fn nobody_signs_in_with_a_password_that_has_just_changed(world: &World) {
    let ana = make(world, "Ana", true).await;
    let old = password_of("Ana");
    for number in 100..140 {
        let new = StoredPassword(format!("$argon2id${number}"));
        let signing_in = world
            .storage
            .sign_in(ana.id, old.clone(), session(number), None);
        let changing =
            world
                .storage
                .change_account(By::System, ana.id, AccountChange::Password(new), at(9));
        let (signed_in, changed) = join!(signing_in, changing);
        let (signed_in, changed) = (signed_in.unwrap(), changed.unwrap().unwrap());
        assert_eq!(changed, Vec::from_iter(signed_in), "{number}");
        assert!(!is_there(world, number).await, "{number}");
        let back = AccountChange::Password(old.clone());
        assert_eq!(change(world, &ana, back).await, Ok(vec![]));
    }
}

async fn an_accounts_sessions_are_listed_and_ended(world: &World) {
    let room = world.room("Geral").await;
    let ana = make(world, "Ana", true).await;
    let first = sign_in(world, 71, &ana).await.unwrap();
    let second = sign_in(world, 72, &ana).await.unwrap();
    let joined = world.storage.join(first, room, username("Ana"), at(9));
    joined.await.unwrap().unwrap();
    let used = world.storage.touch_session(first, Served(9));
    used.await.unwrap();
    world.guest(room, "Bia").await;
    let sessions = world.storage.account_sessions(ana.id).await.unwrap();
    let seen: Vec<_> = sessions
        .iter()
        .map(|one| (one.id, one.created_at, one.last_used))
        .collect();
    assert_eq!(
        seen,
        [(second, at(3), Served(5)), (first, at(3), Served(9))]
    );
    let changed = change(world, &ana, AccountChange::EndSessions).await;
    assert_eq!(changed, Ok(vec![first, second]));
    assert_eq!(ended(world).await, [first, second]);
    assert_eq!(world.storage.account_sessions(ana.id).await.unwrap(), []);
    assert!(sign_in(world, 73, &ana).await.is_some());
}

async fn a_suspended_account_cannot_sign_in_and_keeps_its_name(world: &World) {
    let room = world.room("Geral").await;
    let ana = make(world, "Ana", false).await;
    let first = sign_in(world, 71, &ana).await.unwrap();
    let changed = change(world, &ana, AccountChange::Suspend).await;
    assert_eq!(changed, Ok(vec![first]));
    assert!(!is_there(world, 71).await);
    let found = world.storage.account(ana.id).await.unwrap();
    assert!(found.unwrap().is_suspended);
    assert_eq!(sign_in(world, 72, &ana).await, None);
    let guest = world.session().await;
    let joined = world
        .storage
        .join(guest.session, room, username("ANA"), at(4));
    assert_eq!(joined.await.unwrap(), Err(JoinRefusal::NameRegistered));
    let made = world.storage.create_account(account("Ana", PersonId(8)));
    let made = made.await;
    assert!(matches!(made, Err(StorageError::Exists(_))), "{made:?}");
    assert_eq!(
        change(world, &ana, AccountChange::Restore).await,
        Ok(vec![])
    );
    assert_eq!(
        world.storage.account(ana.id).await.unwrap(),
        Some(ana.clone())
    );
    assert!(sign_in(world, 73, &ana).await.is_some());
}

async fn a_removed_account_leaves_its_messages_and_frees_its_name(world: &World) {
    let room = world.room("Geral").await;
    let ana = make(world, "Ana", false).await;
    let own = Guest {
        session: sign_in(world, 71, &ana).await.unwrap(),
        person: ana.person,
        token: token(71),
    };
    world.join(&own, room, "Ana").await;
    world.post(&own, room, "fica").await;
    let changed = change(world, &ana, AccountChange::Remove).await;
    assert_eq!(changed, Ok(vec![own.session]));
    assert_eq!(ended(world).await, [own.session]);
    assert_eq!(world.storage.account(ana.id).await.unwrap(), None);
    let name = AccountName::parse("Ana").unwrap();
    assert_eq!(world.storage.account_password(name).await.unwrap(), None);
    assert_eq!(sign_in(world, 72, &ana).await, None);
    assert_eq!(world.texts(room).await, ["fica"]);
    world.guest(room, "Ana").await;
    let again = make(world, "Ana", false).await;
    assert_ne!(again.id, ana.id);
}

async fn the_last_administrator_stays_one(world: &World) {
    let (ana, bia) = (
        make(world, "Ana", true).await,
        make(world, "Bia", true).await,
    );
    make(world, "Caio", false).await;
    let taking = || {
        [
            AccountChange::Suspend,
            AccountChange::Remove,
            AccountChange::SetAdmin(false),
        ]
    };
    let first = sign_in(world, 71, &ana).await;
    // A suspended administrator doesn't count.
    assert_eq!(
        change(world, &bia, AccountChange::Suspend).await,
        Ok(vec![])
    );
    for taken in taking() {
        assert_eq!(change(world, &ana, taken).await, LAST);
    }
    assert!(first.is_some() && is_there(world, 71).await);
    assert_eq!(
        world.storage.account(ana.id).await.unwrap(),
        Some(ana.clone())
    );
    assert_eq!(
        change(world, &bia, AccountChange::Restore).await,
        Ok(vec![])
    );
    assert_eq!(
        change(world, &ana, AccountChange::SetAdmin(false)).await,
        Ok(vec![])
    );
    let found = world.storage.account(ana.id).await.unwrap().unwrap();
    assert!(!found.is_admin && is_there(world, 71).await);
    for taken in taking() {
        assert_eq!(change(world, &bia, taken).await, LAST);
    }
    // It may lose its sessions and its password.
    assert_eq!(
        change(world, &bia, AccountChange::EndSessions).await,
        Ok(vec![])
    );
}

async fn of_two_administrators_who_end_each_other_one_remains(world: &World) {
    let (ana, bia) = (
        make(world, "Ana", true).await,
        make(world, "Bia", true).await,
    );
    for _ in 0..20 {
        let one = change(world, &ana, AccountChange::Suspend);
        let (one, other) = join!(one, change(world, &bia, AccountChange::SetAdmin(false)));
        let lasts = [&one, &other].into_iter().filter(|done| **done == LAST);
        assert_eq!(lasts.count(), 1, "{one:?} {other:?}");
        change(world, &ana, AccountChange::Restore).await.unwrap();
        let again = change(world, &bia, AccountChange::SetAdmin(true)).await;
        assert_eq!(again, Ok(vec![]));
    }
}

async fn the_setup_token_ends_when_an_administrator_comes_back(world: &World) {
    let ana = make(world, "Ana", false).await;
    let is_token = async || world.storage.is_setup_token(token(1)).await.unwrap();
    world.storage.set_setup_token(token(1)).await.unwrap();
    change(world, &ana, AccountChange::EndSessions)
        .await
        .unwrap();
    assert!(is_token().await);
    change(world, &ana, AccountChange::SetAdmin(true))
        .await
        .unwrap();
    assert!(!is_token().await);
}

async fn a_mark_that_changes_is_told_in_every_room(world: &World) {
    let rooms = [world.room("Um").await, world.room("Dois").await];
    make(world, "chefe", true).await;
    let ana = make(world, "ana", false).await;
    let session = sign_in(world, 1, &ana).await.unwrap();
    for room in rooms {
        let joined = world.storage.join(session, room, username("Ana"), at(4));
        joined.await.unwrap().unwrap();
    }
    let mark = async || {
        let identity = world.storage.identity(session, rooms[0]).await.unwrap();
        identity.unwrap().mark
    };
    assert_eq!(mark().await, Some(Mark::Account));
    for is_admin in [false, true, true] {
        let ended = change(world, &ana, AccountChange::SetAdmin(is_admin)).await;
        assert_eq!(ended, Ok(vec![]));
    }
    assert_eq!(mark().await, Some(Mark::Administrator));
    change(world, &ana, AccountChange::SetAdmin(false))
        .await
        .unwrap();
    assert_eq!(mark().await, Some(Mark::Account));
    let told = world.storage.revocations_after(RevocationId(0), usize::MAX);
    let told: Vec<_> = told
        .await
        .unwrap()
        .into_iter()
        .map(|told| told.revoked.unwrap())
        .collect();
    let once = rooms.map(|room| Revoked::Renamed(room, username("Ana")));
    assert_eq!(told, [once.clone(), once].concat());
}

async fn what_is_not_there_cannot_be_changed(world: &World) {
    for change in [AccountChange::EndSessions, AccountChange::Remove] {
        let changed = world
            .storage
            .change_account(By::System, AccountId(99), change, at(9))
            .await;
        assert_eq!(changed.unwrap(), Err(AccountRefusal::NoAccount));
    }
}
