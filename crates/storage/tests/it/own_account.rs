//! What people change about themselves: name, settings, devices, password.

use papo_domain::{
    Account, AccountName, Denial, DeviceText, Hours, PersonId, PersonSettings, RoomId, Seq,
    SessionId, Theme, ZoneName,
};
use papo_storage::{
    AccountChange, AccountRefusal, By, NewAccount, NewSession, RevocationId, Revoked, Served,
    StoredPassword, TokenHash,
};
use tokio::task::JoinSet;

use crate::world::{Guest, World, account, at, password_of, token, username};

crate::stories!(
    settings_are_the_persons_on_all_devices,
    another_name_counts_where_the_old_one_was,
    another_name_is_refused_like_a_new_one,
    a_device_is_ended_by_its_owner_only,
    all_other_devices_end_at_once,
    who_knows_the_password_changes_it,
    a_link_changes_a_password_once,
    a_link_ends,
    people_remove_their_own_account_only,
    of_many_who_use_a_link_one_succeeds,
    a_persons_messages_are_found_and_renamed,
);

fn session(token: TokenHash) -> NewSession {
    NewSession {
        token,
        at: at(3),
        used: Served(3),
    }
}

async fn make(world: &World, name: &str, person: PersonId, is_admin: bool) -> Account {
    let new = NewAccount {
        is_admin,
        ..account(name, person)
    };
    world.storage.create_account(new).await.unwrap()
}

/// A device of an account.
async fn device(world: &World, account: &Account, number: u64) -> Guest {
    let token = token(5_000 + number);
    Guest {
        session: world.sign_in(session(token), account).await,
        person: account.person,
        token,
    }
}

async fn is_there(world: &World, guest: &Guest) -> bool {
    let found = world.storage.session(guest.token, None).await.unwrap();
    found.is_some()
}

async fn told(world: &World) -> Vec<(PersonId, Revoked)> {
    let told = world.storage.revocations_after(RevocationId(0), usize::MAX);
    let told = told.await.unwrap().into_iter();
    told.map(|one| (one.person, one.revoked.unwrap())).collect()
}

async fn settings_are_the_persons_on_all_devices(world: &World) {
    let ana = make(world, "Ana", PersonId(7), false).await;
    let (phone, laptop) = (device(world, &ana, 1).await, device(world, &ana, 2).await);
    let settings = async |guest: &Guest| {
        let found = world.storage.session(guest.token, None).await.unwrap();
        found.unwrap().settings
    };
    assert_eq!(settings(&phone).await, PersonSettings::default());
    let wanted = PersonSettings {
        language: Some("en".into()),
        time_zone: Some(ZoneName::parse("America/Sao_Paulo").unwrap()),
        theme: Some(Theme::Dark),
        hours: Some(Hours::Twelve),
    };
    let is_set = world.storage.set_settings(phone.session, wanted.clone());
    assert!(is_set.await.unwrap());
    assert_eq!(settings(&laptop).await, wanted);
    // Guests have settings, too, and nobody else's.
    let guest = world.session().await;
    assert_eq!(settings(&guest).await, PersonSettings::default());
    let set = world.storage.set_settings(SessionId(999), wanted).await;
    assert!(!set.unwrap());
}

async fn another_name_counts_where_the_old_one_was(world: &World) {
    let (one, other) = (world.room("Uma").await, world.room("Outra").await);
    let third = world.room("Terceira").await;
    let ana = make(world, "Ana", PersonId(7), false).await;
    let phone = device(world, &ana, 1).await;
    world.join(&phone, one, "Aninha").await;
    world.join(&phone, other, "Ana").await;
    let namesake = world.guest(third, "Bia Lima").await;
    let before = told(world).await.len();
    let name = AccountName::parse("Bia Lima").unwrap();
    let renamed = world.storage.rename_account(phone.session, name.clone());
    assert_eq!(renamed.await.unwrap(), Ok(()));
    let rooms = world.storage.memberships(phone.session).await.unwrap();
    assert_eq!(
        rooms,
        [(one, username("Aninha")), (other, username("Bia Lima"))]
    );
    let mut news = told(world).await.split_off(before);
    news.sort_by_key(|(person, _)| *person != PersonId(7));
    let expected = [
        (PersonId(7), Revoked::Renamed(other, username("Bia Lima"))),
        (namesake.person, Revoked::Left(third)),
    ];
    assert_eq!(news, expected);
    let found = world.storage.account(ana.id).await.unwrap().unwrap();
    assert_eq!(found.name, name);
    let by_name = world.storage.account_password(name).await.unwrap();
    assert_eq!(by_name.map(|(account, _)| account.id), Some(ana.id));
    let old = AccountName::parse("Ana").unwrap();
    assert_eq!(world.storage.account_password(old).await.unwrap(), None);
}

async fn another_name_is_refused_like_a_new_one(world: &World) {
    make(world, "Maria", PersonId(6), false).await;
    let ana = make(world, "Ana", PersonId(7), false).await;
    let chief = make(world, "Chefe", PersonId(8), true).await;
    let (anas, chiefs) = (device(world, &ana, 1).await, device(world, &chief, 2).await);
    let rename = async |session, name| {
        let name = AccountName::parse(name).unwrap();
        world.storage.rename_account(session, name).await.unwrap()
    };
    let session = anas.session;
    for name in ["Maria", "M4ria", "★ Maria"] {
        let refused = rename(session, name).await;
        assert_eq!(refused, Err(AccountRefusal::NameTaken), "{name}");
    }
    let reserved = rename(session, "Administrador").await;
    assert_eq!(reserved, Err(AccountRefusal::NameReserved));
    assert_eq!(rename(chiefs.session, "Administrador").await, Ok(()));
    // Another form of one's own name is nobody else's.
    assert_eq!(rename(session, "ANA").await, Ok(()));
    let gone = rename(SessionId(999), "Zeca").await;
    assert_eq!(gone, Err(AccountRefusal::NoAccount));
    let guest = world.session().await;
    let guests = rename(guest.session, "Zeca").await;
    assert_eq!(guests, Err(AccountRefusal::NoAccount));
}

async fn a_device_is_ended_by_its_owner_only(world: &World) {
    let ana = make(world, "Ana", PersonId(7), false).await;
    let bia = make(world, "Bia", PersonId(8), false).await;
    let (phone, laptop) = (device(world, &ana, 1).await, device(world, &ana, 2).await);
    let bias = device(world, &bia, 3).await;
    let text = DeviceText::of_user_agent("Firefox/1 Linux");
    let noted = world.storage.note_device(phone.session, text.clone());
    noted.await.unwrap();
    let devices = world.storage.devices(laptop.session).await.unwrap();
    let devices: Vec<_> = devices
        .into_iter()
        .map(|one| (one.id, one.device))
        .collect();
    let unknown = DeviceText::default();
    assert_eq!(devices, [(laptop.session, unknown), (phone.session, text)]);
    let end = async |own: &Guest, other: SessionId| {
        world.storage.end_device(own.session, other).await.unwrap()
    };
    assert!(!end(&bias, phone.session).await);
    assert!(!end(&phone, SessionId(999)).await);
    assert!(is_there(world, &phone).await);
    assert!(end(&laptop, phone.session).await);
    assert!(!is_there(world, &phone).await);
    let ended = (PersonId(7), Revoked::Ended(phone.session));
    assert!(told(world).await.contains(&ended));
    // A device that has ended ends no other, and sees none.
    assert!(!end(&phone, laptop.session).await);
    let seen = world.storage.devices(phone.session).await.unwrap();
    assert_eq!(seen, []);
    assert!(is_there(world, &laptop).await && is_there(world, &bias).await);
}

async fn all_other_devices_end_at_once(world: &World) {
    let ana = make(world, "Ana", PersonId(7), false).await;
    let bia = make(world, "Bia", PersonId(8), false).await;
    let mut devices = Vec::new();
    for number in 0..4 {
        devices.push(device(world, &ana, number).await);
    }
    let bias = device(world, &bia, 9).await;
    let ended = world.storage.end_other_devices(devices[1].session).await;
    let mut ended = ended.unwrap();
    ended.sort_unstable();
    let expected = [0, 2, 3].map(|index: usize| devices[index].session);
    assert_eq!(ended, expected);
    for (index, device) in devices.iter().enumerate() {
        assert_eq!(is_there(world, device).await, index == 1);
    }
    assert!(is_there(world, &bias).await);
    let none = world.storage.end_other_devices(devices[0].session).await;
    assert_eq!(none.unwrap(), []);
}

async fn who_knows_the_password_changes_it(world: &World) {
    let ana = make(world, "Ana", PersonId(7), false).await;
    let (phone, laptop) = (device(world, &ana, 1).await, device(world, &ana, 2).await);
    let new = StoredPassword("$argon2id$new".into());
    let change = async |session, before| {
        let changed = world.storage.change_password(session, before, new.clone());
        changed.await.unwrap()
    };
    let wrong = StoredPassword("$argon2id$wrong".into());
    assert_eq!(change(phone.session, wrong).await, None);
    let right = password_of("Ana");
    assert_eq!(change(SessionId(999), right.clone()).await, None);
    let ended = change(phone.session, right.clone()).await;
    assert_eq!(ended, Some(vec![laptop.session]));
    assert!(is_there(world, &phone).await && !is_there(world, &laptop).await);
    assert_eq!(change(phone.session, right).await, None);
    let found = world.storage.account_password(ana.name).await.unwrap();
    assert_eq!(found.unwrap().1, new);
}

async fn a_link_changes_a_password_once(world: &World) {
    let storage = &world.storage;
    let ana = make(world, "Ana", PersonId(7), false).await;
    let phone = device(world, &ana, 1).await;
    let set = async |link, until| {
        let made = storage.set_password_link(ana.id, token(link), Served(until));
        assert!(made.await.unwrap());
    };
    set(1, 100).await;
    set(2, 100).await;
    let find = async |link, now| {
        let found = storage.password_link(token(link), Served(now)).await;
        found.unwrap().map(|account| account.id)
    };
    // The newer one counts, and until its time.
    assert_eq!(find(1, 50).await, None);
    assert_eq!(find(2, 99).await, Some(ana.id));
    assert_eq!(find(2, 100).await, None);
    let new = StoredPassword("$argon2id$new".into());
    let claim = async |now| {
        let claimed = storage.claim_password_link(token(2), Served(now), new.clone());
        claimed.await.unwrap()
    };
    assert_eq!(claim(100).await, None);
    assert!(is_there(world, &phone).await);
    let (account, ended) = claim(50).await.unwrap();
    assert_eq!((account, ended), (ana.clone(), vec![phone.session]));
    assert!(!is_there(world, &phone).await);
    assert_eq!(claim(50).await, None);
    let found = storage.account_password(ana.name).await.unwrap();
    assert_eq!(found.unwrap().1, new);
}

async fn a_link_ends(world: &World) {
    let storage = &world.storage;
    let ana = make(world, "Ana", PersonId(7), false).await;
    let phone = device(world, &ana, 1).await;
    let set = async || {
        let made = storage.set_password_link(ana.id, token(1), Served(100));
        made.await.unwrap()
    };
    let holds = async || {
        let found = storage.password_link(token(1), Served(1)).await;
        found.unwrap().is_some()
    };
    // With another password, whoever set it.
    assert!(set().await && holds().await);
    let new = StoredPassword("$argon2id$new".into());
    let changed = storage.change_password(phone.session, password_of("Ana"), new.clone());
    assert!(changed.await.unwrap().is_some());
    assert!(!holds().await);
    assert!(set().await && holds().await);
    let change = AccountChange::Password(new);
    storage
        .change_account(By::System, ana.id, change, at(0))
        .await
        .unwrap()
        .unwrap();
    assert!(!holds().await);
    // And with the account.
    assert!(set().await && holds().await);
    let remove = AccountChange::Remove;
    let removed = storage
        .change_account(By::System, ana.id, remove, at(0))
        .await;
    removed.unwrap().unwrap();
    assert!(!holds().await);
    assert!(!set().await);
    let room: RoomId = world.room("Geral").await;
    world.guest(room, "Ana").await;
}

async fn people_remove_their_own_account_only(world: &World) {
    let ana = make(world, "Ana", PersonId(7), false).await;
    let bia = make(world, "Bia", PersonId(8), false).await;
    let phone = device(world, &ana, 1).await;
    let by = By::Member(phone.session);
    let remove = async |account: &Account, change| {
        let changed = world.storage.change_account(by, account.id, change, at(0));
        changed.await.unwrap()
    };
    let denied = Err(Denial::NoSession.into());
    assert_eq!(remove(&bia, AccountChange::Remove).await, denied);
    let denied = Err(Denial::NotAdministrator.into());
    assert_eq!(remove(&ana, AccountChange::SetAdmin(true)).await, denied);
    let ended = remove(&ana, AccountChange::Remove).await;
    assert_eq!(ended, Ok(vec![phone.session]));
    let denied = Err(Denial::NoSession.into());
    assert_eq!(remove(&ana, AccountChange::Remove).await, denied);
}

async fn of_many_who_use_a_link_one_succeeds(world: &World) {
    let ana = make(world, "Ana", PersonId(7), false).await;
    let made = world
        .storage
        .set_password_link(ana.id, token(1), Served(100));
    assert!(made.await.unwrap());
    let mut racers = JoinSet::new();
    for number in 0..50 {
        let storage = world.storage.clone();
        let password = StoredPassword(format!("$argon2id$new-{number}"));
        racers.spawn(async move {
            let claimed = storage.claim_password_link(token(1), Served(1), password);
            claimed.await.unwrap().is_some()
        });
    }
    let winners = racers.join_all().await.into_iter().filter(|won| *won);
    assert_eq!(winners.count(), 1);
}

async fn a_persons_messages_are_found_and_renamed(world: &World) {
    let (one, other) = (world.room("Uma").await, world.room("Outra").await);
    let (ana, bia) = (world.guest(one, "Ana").await, world.guest(one, "Bia").await);
    world.join(&ana, other, "Ana").await;
    let first = world.post(&ana, one, "a").await;
    world.post(&bia, one, "b").await;
    let second = world.post(&ana, one, "c").await;
    let third = world.post(&ana, other, "d").await;
    let gone = world.post(&ana, other, "e").await;
    let deletion = ana.delete(other, gone);
    world.append_one(deletion).await.unwrap();
    let all = [(one, first), (one, second), (other, third)];
    let find = async |after, limit| {
        let found = world.storage.messages_of(ana.person, after, limit).await;
        found.unwrap()
    };
    let start = (RoomId(0), Seq::START);
    assert_eq!(find(start, 10).await, all);
    assert_eq!(find(start, 2).await, all[..2]);
    assert_eq!(find(all[1], 10).await, all[2..]);
    assert_eq!(find(all[2], 10).await, []);
    let name = username("Conta apagada");
    let renamed = world.storage.rename_messages_of(ana.person, start, 2, name);
    assert_eq!(renamed.await.unwrap(), all[..2]);
    let mut names = Vec::new();
    for room in [one, other] {
        let before = Seq(i64::MAX);
        let page = world.storage.messages_before(room, before, 10).await;
        let messages = page.unwrap().messages.into_iter();
        names.extend(messages.map(|message| message.username.to_string()));
    }
    assert_eq!(names, ["Conta apagada", "Bia", "Conta apagada", "Ana"]);
}
