//! Accounts, the first one, and the history's name and key.

use papo_domain::{AccountId, AccountName, PersonId, RelayKey, RoomId};
use papo_storage::{InboxChange, NewAccount, StorageError};
use tokio::task::JoinSet;

use crate::world::{World, account, set_room, state, token};

crate::stories!(
    an_account_is_made_once,
    of_racers_for_a_name_one_gets_it,
    who_signs_up_gets_no_name_like_anothers,
    a_new_account_joins_the_first_rooms,
    an_account_takes_its_name_from_guests,
    the_setup_token_is_used_once,
    a_hundred_racers_make_one_administrator,
    a_failed_claim_leaves_the_token,
    the_setup_token_ends_with_the_first_administrator,
    the_epoch_and_the_key_stay,
);

async fn an_account_is_made_once(world: &World) {
    let made = world.storage.create_account(account("Maria", PersonId(1)));
    let made = made.await.unwrap();
    for name in ["Maria", "MARIA", "Mаria"] {
        let again = world.storage.create_account(account(name, PersonId(2)));
        let again = again.await;
        assert!(matches!(again, Err(StorageError::Exists(_))), "{again:?}");
    }
    let bia = world.storage.create_account(account("bia", PersonId(3)));
    let bia = bia.await.unwrap();
    let all = world.storage.accounts().await.unwrap();
    assert_eq!(all, [bia, made.clone()]);
    let one = world.storage.account(made.id).await.unwrap();
    assert_eq!(one, Some(made.clone()));
    assert_eq!(world.storage.account(AccountId(99)).await.unwrap(), None);
    let password = async |name| {
        let name = AccountName::parse(name).unwrap();
        world.storage.account_password(name).await.unwrap()
    };
    let (found, hash) = password("maria").await.unwrap();
    assert_eq!((found, hash.0.as_str()), (made, "$argon2id$of-Maria"));
    assert_eq!(password("ninguém").await, None);
}

async fn of_racers_for_a_name_one_gets_it(world: &World) {
    let mut racers = JoinSet::new();
    for number in 0..300 {
        let storage = world.storage.clone();
        let name = if number % 2 == 0 { "Maria" } else { "mária" };
        let new = NewAccount {
            is_signed_up: true,
            ..account(name, PersonId(number))
        };
        racers.spawn(async move { storage.create_account(new).await });
    }
    let answers = racers.join_all().await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for answer in refused {
        assert!(matches!(answer, Err(StorageError::Exists(_))), "{answer:?}");
    }
    assert_eq!(world.storage.accounts().await.unwrap().len(), 1);
}

async fn who_signs_up_gets_no_name_like_anothers(world: &World) {
    let make = async |name, person, is_signed_up| {
        let new = NewAccount {
            is_signed_up,
            ..account(name, PersonId(person))
        };
        world.storage.create_account(new).await
    };
    make("Maria", 1, false).await.unwrap();
    for name in ["M4ria", "★ Maria", "Profa Maria"] {
        let refused = make(name, 2, true).await;
        let is_refused = matches!(refused, Err(StorageError::Exists(_)));
        assert!(is_refused, "{name}: {refused:?}");
    }
    make("Mariana", 3, true).await.unwrap();
    // An administrator knows who is who.
    make("Profa Maria", 2, false).await.unwrap();
}

async fn a_new_account_joins_the_first_rooms(world: &World) {
    let (one, other) = (world.room("Uma").await, world.room("Outra").await);
    let closed = world.room("Fechada").await;
    let bia = world.guest(one, "Bia").await;
    world.post(&bia, one, "antes").await;
    let closing = set_room(closed, state("Fechada", false));
    world.append_one(closing).await.unwrap();
    let ana = world.guest(other, "Aninha").await;
    let last = world.storage.last_inbox_entry().await.unwrap();
    let new = NewAccount {
        is_signed_up: true,
        rooms: vec![one, other, closed, RoomId(99)],
        ..account("Ana", ana.person)
    };
    world.storage.create_account(new).await.unwrap();
    let rooms = world.storage.memberships(ana.session).await.unwrap();
    let names = rooms.iter().map(|(room, name)| (*room, name.as_str()));
    let names: Vec<_> = names.collect();
    assert_eq!(names, [(one, "Ana"), (other, "Aninha")]);
    let entries = world.storage.inbox_after(last, usize::MAX).await.unwrap();
    let changes: Vec<_> = entries.iter().map(|entry| entry.change).collect();
    assert_eq!(changes, [Some(InboxChange::Joined(one))]);
    // Nothing there is new to her.
    let states = world.storage.membership_states(ana.session).await.unwrap();
    assert!(states.1.iter().all(|state| state.unread == 0), "{states:?}");
}

async fn an_account_takes_its_name_from_guests(world: &World) {
    let (one, other) = (world.room("Uma").await, world.room("Outra").await);
    let guest = world.guest(one, "Мarta").await;
    world.join(&guest, other, "Ana").await;
    let mut decorated = Vec::new();
    for name in [
        "♥ Marta",
        "Marta (real)",
        "M4rta",
        "m.a.r.t.a",
        "Profa Márta ★",
    ] {
        decorated.push(world.guest(one, name).await);
    }
    let namesake = world.guest(one, "Marta Lima").await;
    let owner = world.guest(one, "Marta").await;
    let made = world.storage.create_account(account("Marta", owner.person));
    made.await.unwrap();
    let rooms = async |guest: crate::world::Guest| {
        let memberships = world.storage.memberships(guest.session).await.unwrap();
        memberships.into_iter().map(|m| m.0).collect::<Vec<_>>()
    };
    assert_eq!(rooms(guest).await, [other]);
    for guest in decorated {
        assert_eq!(rooms(guest).await, []);
    }
    assert_eq!(rooms(namesake).await, [one]);
    assert_eq!(rooms(owner).await, [one]);
}

async fn the_setup_token_is_used_once(world: &World) {
    let storage = &world.storage;
    let is_token = async |number| storage.is_setup_token(token(number)).await.unwrap();
    let claim = async |number, name| {
        let claimed = storage.claim_setup(token(number), account(name, PersonId(1)));
        claimed.await.unwrap()
    };
    assert!(!is_token(1).await);
    assert_eq!(claim(1, "Ana").await, None);
    storage.set_setup_token(token(1)).await.unwrap();
    storage.set_setup_token(token(2)).await.unwrap();
    assert!(!is_token(1).await && is_token(2).await);
    assert_eq!(claim(1, "Ana").await, None);
    let made = claim(2, "Ana").await.unwrap();
    assert!(made.is_admin);
    assert!(!is_token(2).await);
    assert_eq!(claim(2, "Bia").await, None);
    assert_eq!(storage.accounts().await.unwrap(), [made]);
}

async fn a_hundred_racers_make_one_administrator(world: &World) {
    world.storage.set_setup_token(token(1)).await.unwrap();
    let mut racers = JoinSet::new();
    for number in 0..100 {
        let storage = world.storage.clone();
        let new = account(&format!("Pessoa {number}"), PersonId(number));
        racers.spawn(async move { storage.claim_setup(token(1), new).await.unwrap() });
    }
    let winners = racers.join_all().await.into_iter().flatten();
    assert_eq!(winners.count(), 1);
    assert_eq!(world.storage.accounts().await.unwrap().len(), 1);
}

/// An account that isn't an administrator's.
fn member(name: &str) -> NewAccount {
    NewAccount {
        is_admin: false,
        ..account(name, PersonId(1))
    }
}

async fn a_failed_claim_leaves_the_token(world: &World) {
    let storage = &world.storage;
    storage.create_account(member("Ana")).await.unwrap();
    storage.set_setup_token(token(1)).await.unwrap();
    let claimed = storage.claim_setup(token(1), account("ANA", PersonId(2)));
    let claimed = claimed.await;
    assert!(
        matches!(claimed, Err(StorageError::Exists(_))),
        "{claimed:?}"
    );
    assert!(storage.is_setup_token(token(1)).await.unwrap());
}

async fn the_epoch_and_the_key_stay(world: &World) {
    let epoch = world.storage.epoch().await.unwrap();
    let key = world.storage.relay_key().await.unwrap();
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.post(&ana, room, "olá").await;
    assert_eq!(world.storage.epoch().await.unwrap(), epoch);
    let again = world.storage.relay_key().await.unwrap();
    assert_eq!(again.bytes(), key.bytes());
    assert_ne!(key.bytes(), &[0; RelayKey::BYTES]);
}

async fn the_setup_token_ends_with_the_first_administrator(world: &World) {
    world.storage.set_setup_token(token(1)).await.unwrap();
    world.storage.create_account(member("Ana")).await.unwrap();
    assert!(world.storage.is_setup_token(token(1)).await.unwrap());
    let administrator = account("Bia", PersonId(2));
    world.storage.create_account(administrator).await.unwrap();
    assert!(!world.storage.is_setup_token(token(1)).await.unwrap());
    // Nor does a token that was made meanwhile, while there was no administrator.
    world.storage.set_setup_token(token(1)).await.unwrap();
    let late = world
        .storage
        .claim_setup(token(1), account("Zeca", PersonId(3)));
    assert_eq!(late.await.unwrap(), None);
}
