//! Persons: one on all their devices, from guest to account.

use papo_domain::{Account, Denial, Mark, PersonId, RoomId, Seq};
use papo_storage::{
    AccountChange, By, Identity, NewSession, ReadMark, RevocationId, Revoked, Served, StorageError,
    TokenHash,
};

use crate::world::{Guest, World, account, at, password_of, token, username};

crate::stories!(
    two_devices_are_one_person,
    what_one_device_does_holds_on_the_other,
    signing_out_ends_one_device_and_no_membership,
    a_guest_who_signs_in_brings_the_rooms_along,
    a_membership_of_the_accounts_own_wins,
    who_changes_accounts_brings_nothing_along,
    who_may_not_sign_in_stays_a_guest,
    a_guest_who_signs_up_stays_the_same_person,
    a_person_has_one_account,
    a_guest_ends_with_the_last_session,
    an_account_that_is_removed_leaves_its_rooms,
    what_happens_at_the_same_moment_keeps_nobody_waiting,
);

/// An account, and its number of sign-ins.
struct Owner {
    account: Account,
    devices: u64,
}

impl Owner {
    async fn new(world: &World, name: &str, person: PersonId) -> Self {
        let made = world.storage.create_account(account(name, person)).await;
        Self {
            account: made.unwrap(),
            devices: 0,
        }
    }

    async fn sign_in(&mut self, world: &World, before: Option<&Guest>) -> Guest {
        self.devices += 1;
        let token = token(1_000 * (self.account.id.0.unsigned_abs()) + self.devices);
        let password = password_of(self.account.name.as_str());
        let before = before.map(|guest| guest.session);
        let session = session(token);
        let made = world
            .storage
            .sign_in(self.account.id, password, session, before);
        Guest {
            session: made.await.unwrap().unwrap(),
            person: self.account.person,
            token,
        }
    }
}

fn session(token: TokenHash) -> NewSession {
    NewSession {
        token,
        at: at(3),
        used: Served(3),
    }
}

async fn rooms(world: &World, guest: &Guest) -> Vec<(RoomId, String)> {
    let rooms = world.storage.memberships(guest.session).await.unwrap();
    let rooms = rooms.into_iter();
    rooms.map(|(room, name)| (room, name.to_string())).collect()
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

fn named(room: RoomId, name: &str) -> (RoomId, String) {
    (room, name.to_owned())
}

async fn two_devices_are_one_person(world: &World) {
    let room = world.room("Geral").await;
    let mut bia = Owner::new(world, "Bia", PersonId(7)).await;
    let phone = bia.sign_in(world, None).await;
    let laptop = bia.sign_in(world, None).await;
    world.join(&phone, room, "Bia").await;
    assert_eq!(rooms(world, &laptop).await, [named(room, "Bia")]);
    let found = world.storage.session(laptop.token, Some(room)).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.username, Some(username("Bia")));
    assert_eq!(found.last_username, Some(username("Bia")));
    assert_eq!(found.person, PersonId(7));
    let identity = world.storage.identity(laptop.session, room).await.unwrap();
    assert_eq!(
        identity,
        Some(Identity {
            username: username("Bia"),
            mark: Some(Mark::Administrator),
            role: papo_domain::MemberRole::Member,
        })
    );
    // One device may change what another has written.
    let seq = world.post(&phone, room, "do telefone").await;
    let edit = laptop.edit(room, seq, "do computador");
    world.append_one(edit).await.unwrap();
    world.append_one(phone.delete(room, seq)).await.unwrap();
}

async fn what_one_device_does_holds_on_the_other(world: &World) {
    let room = world.room("Geral").await;
    let mut bia = Owner::new(world, "Bia", PersonId(7)).await;
    let phone = bia.sign_in(world, None).await;
    let laptop = bia.sign_in(world, None).await;
    world.join(&phone, room, "Bia").await;
    let joined = world
        .storage
        .join(laptop.session, room, username("Beatriz"), at(4));
    let joined = joined.await.unwrap().unwrap();
    assert_eq!(joined.previous, Some(username("Bia")));
    assert_eq!(rooms(world, &phone).await, [named(room, "Beatriz")]);
    let left = world.storage.leave(phone.session, Some(room)).await;
    assert_eq!(left.unwrap(), [room]);
    assert_eq!(rooms(world, &laptop).await, []);
    let refused = world.append_one(laptop.post(room, None, "tarde")).await;
    assert_eq!(refused, Err(Denial::NotJoined.into()));
    let expected = [
        Revoked::Renamed(room, username("Beatriz")),
        Revoked::Left(room),
    ];
    let expected = expected.map(|revoked| (PersonId(7), revoked));
    assert_eq!(told(world).await, expected);
}

async fn signing_out_ends_one_device_and_no_membership(world: &World) {
    let room = world.room("Geral").await;
    let mut bia = Owner::new(world, "Bia", PersonId(7)).await;
    let phone = bia.sign_in(world, None).await;
    let laptop = bia.sign_in(world, None).await;
    world.join(&phone, room, "Bia").await;
    world.storage.end_session(phone.session).await.unwrap();
    assert!(!is_there(world, &phone).await && is_there(world, &laptop).await);
    let identity = world.storage.identity(phone.session, room).await.unwrap();
    assert_eq!(identity, None);
    assert_eq!(rooms(world, &phone).await, []);
    let left = world.storage.leave(phone.session, None).await.unwrap();
    assert_eq!(left, []);
    let refused = world.append_one(phone.post(room, None, "tarde")).await;
    assert_eq!(refused, Err(Denial::NotJoined.into()));
    assert_eq!(rooms(world, &laptop).await, [named(room, "Bia")]);
    world.post(&laptop, room, "ainda").await;
    // Nor does the end of the last device.
    world.storage.end_session(laptop.session).await.unwrap();
    let again = bia.sign_in(world, None).await;
    assert_eq!(rooms(world, &again).await, [named(room, "Bia")]);
    let expected = [phone, laptop].map(|device| (PersonId(7), Revoked::Ended(device.session)));
    assert_eq!(told(world).await, expected);
}

async fn a_guest_who_signs_in_brings_the_rooms_along(world: &World) {
    let (one, other) = (world.room("Uma").await, world.room("Outra").await);
    let mut bia = Owner::new(world, "Bia", PersonId(7)).await;
    let phone = bia.sign_in(world, None).await;
    let guest = world.guest(one, "Visita").await;
    world.join(&guest, other, "Visita").await;
    world.post(&guest, one, "de antes").await;
    let laptop = bia.sign_in(world, Some(&guest)).await;
    let expected = [named(one, "Visita"), named(other, "Visita")];
    for device in [&phone, &laptop] {
        assert_eq!(rooms(world, device).await, expected);
    }
    assert!(!is_there(world, &guest).await);
    assert_eq!(rooms(world, &guest).await, []);
    let expected = [(guest.person, Revoked::Ended(guest.session))];
    assert_eq!(told(world).await, expected);
    // The guest's messages stay, and stay the guest's.
    let first = world.events(one).await[0].seq;
    assert_eq!(world.texts(one).await, ["de antes"]);
    let refused = world.append_one(laptop.edit(one, first, "meu")).await;
    assert_eq!(refused, Err(Denial::NotYours.into()));
    world.post(&laptop, one, "de depois").await;
}

async fn a_membership_of_the_accounts_own_wins(world: &World) {
    let (one, other) = (world.room("Uma").await, world.room("Outra").await);
    let mut bia = Owner::new(world, "Bia", PersonId(7)).await;
    let phone = bia.sign_in(world, None).await;
    world.join(&phone, one, "Bia").await;
    let guest = world.guest(one, "Visita").await;
    world.join(&guest, other, "Visita").await;
    let laptop = bia.sign_in(world, Some(&guest)).await;
    let expected = [named(one, "Bia"), named(other, "Visita")];
    assert_eq!(rooms(world, &laptop).await, expected);
}

async fn who_changes_accounts_brings_nothing_along(world: &World) {
    let room = world.room("Geral").await;
    let mut bia = Owner::new(world, "Bia", PersonId(7)).await;
    let mut caio = Owner::new(world, "Caio", PersonId(8)).await;
    let as_bia = bia.sign_in(world, None).await;
    world.join(&as_bia, room, "Bia").await;
    let as_caio = caio.sign_in(world, Some(&as_bia)).await;
    assert_eq!(rooms(world, &as_caio).await, []);
    assert!(!is_there(world, &as_bia).await);
    let again = bia.sign_in(world, Some(&as_caio)).await;
    assert_eq!(rooms(world, &again).await, [named(room, "Bia")]);
    // For the same account, only the session before ends.
    let renewed = bia.sign_in(world, Some(&again)).await;
    assert_eq!(rooms(world, &renewed).await, [named(room, "Bia")]);
    assert!(!is_there(world, &again).await);
}

async fn who_may_not_sign_in_stays_a_guest(world: &World) {
    let room = world.room("Geral").await;
    let bia = Owner::new(world, "Bia", PersonId(7)).await;
    let guest = world.guest(room, "Visita").await;
    let wrong = password_of("Caio");
    let before = Some(guest.session);
    let refused = world
        .storage
        .sign_in(bia.account.id, wrong, session(token(99)), before);
    assert_eq!(refused.await.unwrap(), None);
    assert_eq!(rooms(world, &guest).await, [named(room, "Visita")]);
    assert!(is_there(world, &guest).await);
    assert_eq!(told(world).await, []);
}

async fn a_guest_who_signs_up_stays_the_same_person(world: &World) {
    let room = world.room("Geral").await;
    let guest = world.guest(room, "Bia").await;
    let seq = world.post(&guest, room, "de antes").await;
    world.storage.set_setup_token(token(88)).await.unwrap();
    let claimed = world
        .storage
        .claim_setup(token(88), account("Bia", guest.person));
    let made = claimed.await.unwrap().unwrap();
    assert_eq!(made.person, guest.person);
    // The session is signed in, for its person has an account.
    let found = world.storage.session(guest.token, Some(room)).await;
    assert_eq!(found.unwrap().unwrap().account, Some(made.clone()));
    let mut bia = Owner {
        account: made,
        devices: 0,
    };
    let device = bia.sign_in(world, Some(&guest)).await;
    assert!(!is_there(world, &guest).await);
    assert_eq!(rooms(world, &device).await, [named(room, "Bia")]);
    let edit = device.edit(room, seq, "de antes, e meu");
    world.append_one(edit).await.unwrap();
}

async fn a_person_has_one_account(world: &World) {
    let guest = world.session().await;
    Owner::new(world, "Bia", guest.person).await;
    let second = world.storage.create_account(account("Caio", guest.person));
    let second = second.await;
    let is_refused = matches!(second, Err(StorageError::Exists(_)));
    assert!(is_refused, "{second:?}");
    assert_eq!(world.storage.accounts().await.unwrap().len(), 1);
}

async fn a_guest_ends_with_the_last_session(world: &World) {
    let room = world.room("Geral").await;
    let (ana, caio) = (
        world.guest(room, "Ana").await,
        world.guest(room, "Caio").await,
    );
    let mut bia = Owner::new(world, "Bia", PersonId(7)).await;
    let device = bia.sign_in(world, None).await;
    world.join(&device, room, "Bia").await;
    world.storage.end_session(ana.session).await.unwrap();
    let ended = world.storage.expire_sessions(Served(10)).await.unwrap();
    assert_eq!(ended, 2);
    for guest in [&ana, &caio] {
        assert_eq!(rooms(world, guest).await, []);
        assert!(!is_there(world, guest).await);
    }
    let again = bia.sign_in(world, None).await;
    assert_eq!(rooms(world, &again).await, [named(room, "Bia")]);
    let mut told = told(world).await;
    told.sort_by_key(|(person, _)| std::cmp::Reverse(*person));
    let ended = [ana, caio, device];
    let mut expected = ended.map(|one| (one.person, Revoked::Ended(one.session)));
    expected.sort_by_key(|(person, _)| std::cmp::Reverse(*person));
    assert_eq!(told, expected);
}

async fn an_account_that_is_removed_leaves_its_rooms(world: &World) {
    let room = world.room("Geral").await;
    let mut bia = Owner::new(world, "Bia", PersonId(7)).await;
    Owner::new(world, "Chefe", PersonId(8)).await;
    let device = bia.sign_in(world, None).await;
    world.join(&device, room, "Bia").await;
    world.post(&device, room, "fica").await;
    let removed = AccountChange::Remove;
    let ended = world
        .storage
        .change_account(By::System, bia.account.id, removed, at(9))
        .await;
    assert_eq!(ended.unwrap(), Ok(vec![device.session]));
    assert_eq!(rooms(world, &device).await, []);
    assert_eq!(world.texts(room).await, ["fica"]);
    let snapshot = world.storage.snapshot(room, 1).await.unwrap().unwrap();
    let message = &snapshot.page.messages[0];
    assert_eq!((message.sender, message.mark), (PersonId(7), None));
    assert_eq!(message.username, username("Bia"));
}

/// A guest signs up, joins, leaves, signs in and out, all at the same moment and on two devices.
/// Some wait for others, without a deadlock.
async fn what_happens_at_the_same_moment_keeps_nobody_waiting(world: &World) {
    let room = world.room("Geral").await;
    let mut bia = Owner::new(world, "Bia", PersonId(7)).await;
    for round in 0..30 {
        let device = bia.sign_in(world, None).await;
        world.join(&device, room, "Bia").await;
        let guest = world.guest(room, &format!("Visita {round}")).await;
        let name = format!("Pessoa {round}");
        let namesake = world.guest(room, &name).await;
        world.post(&namesake, room, "olá").await;
        let storage = &world.storage;
        let token = token(10_000 + round);
        let password = password_of("Bia");
        let unread = ReadMark::Unread { seq: Seq(1) };
        let marks = [namesake, device, guest].map(|one| (one.session, room, unread));
        let (made, signed_in, joined, marked, left, ended, expired) = tokio::join!(
            storage.create_account(account(&name, guest.person)),
            storage.sign_in(
                bia.account.id,
                password,
                session(token),
                Some(guest.session)
            ),
            storage.join(device.session, room, username("Beatriz"), at(5)),
            storage.mark(marks.to_vec()),
            storage.leave(namesake.session, None),
            storage.end_session(device.session),
            storage.expire_sessions(Served(-1)),
        );
        made.unwrap();
        signed_in.unwrap().unwrap();
        // The device may have ended before it joined.
        let _ = joined.unwrap();
        marked.unwrap();
        left.unwrap();
        ended.unwrap();
        assert_eq!(expired.unwrap(), 0);
    }
}
