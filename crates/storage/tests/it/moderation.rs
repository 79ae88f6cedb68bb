//! Rooms that people make and look after: kinds, roles, removals and bans.

use papo_domain::{
    Denial, MemberRole, PersonId, Role, RoomId, RoomKind, RoomMakers, RoomState, Seq, SessionId,
};
use papo_storage::{
    AccountChange, Act, By, InboxChange, InboxId, JoinRefusal, MemberFilter, MemberRefusal,
    NewAccount, NewSession, RevocationId, Revoked, RoomFilter, Served, StorageError,
};

use crate::world::{Guest, World, account, at, event, state, token, username};

crate::stories!(
    who_makes_a_room_looks_after_it,
    rooms_of_one_name_are_kept_apart_only_where_they_are_listed,
    people_join_as_the_kind_of_a_room_says,
    people_of_a_room_are_listed,
    a_moderator_gives_roles_and_the_last_one_stays,
    a_moderator_deletes_and_changes_the_room,
    only_moderators_post_in_an_announcement_room,
    who_is_banned_stays_out_until_the_ban_is_lifted,
    a_ban_stands_when_its_guest_signs_in_and_a_room_is_not_brought_along,
    an_administrator_adds_themselves_in_the_sight_of_all,
    an_administrator_does_not_open_a_private_room,
    messages_of_private_rooms_are_in_no_administrators_list,
    a_role_that_was_lost_posts_no_more,
);

/// Somebody with an account, on one device.
pub(crate) async fn holder(world: &World, name: &str, number: u64, is_admin: bool) -> Guest {
    let new = NewAccount {
        is_admin,
        ..account(name, PersonId(number))
    };
    let made = world.storage.create_account(new).await.unwrap();
    let token = token(number.wrapping_add(5_000));
    let session = NewSession {
        token,
        at: at(0),
        used: Served(0),
    };
    Guest {
        session: world.sign_in(session, &made).await,
        person: made.person,
        token,
    }
}

pub(crate) fn of_kind(name: &str, kind: RoomKind) -> RoomState {
    RoomState {
        kind,
        ..state(name, true)
    }
}

pub(crate) async fn open(world: &World, maker: &Guest, state: RoomState) -> RoomId {
    let opened = world
        .storage
        .open_room(maker.session, RoomMakers::Accounts, state, at(1))
        .await;
    opened.unwrap().unwrap().id
}

async fn join(world: &World, guest: &Guest, room: RoomId) -> Result<(), JoinRefusal> {
    let name = username(&format!("Pessoa {}", guest.person.0 % 100));
    let joined = world.storage.join(guest.session, room, name, at(2)).await;
    joined.unwrap().map(drop)
}

fn by(guest: &Guest) -> By {
    By::Member(guest.session)
}

async fn revoked_since(world: &World, last: RevocationId) -> Vec<(PersonId, Option<Revoked>)> {
    let all = world.storage.revocations_after(last, 100).await.unwrap();
    all.into_iter()
        .map(|one| (one.person, one.revoked))
        .collect()
}

async fn told_since(world: &World, last: InboxId) -> Vec<(PersonId, Option<InboxChange>)> {
    let all = world.storage.inbox_after(last, 100).await.unwrap();
    all.into_iter()
        .map(|one| (one.person, one.change))
        .collect()
}

async fn who_makes_a_room_looks_after_it(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let chefe = holder(world, "Chefe", 2, true).await;
    let guest = world.session().await;
    let open = async |session, makers, name| {
        let state = of_kind(name, RoomKind::Private);
        world
            .storage
            .open_room(session, makers, state, at(7))
            .await
            .unwrap()
    };
    let (accounts, administrators) = (RoomMakers::Accounts, RoomMakers::Administrators);
    let refused = open(guest.session, accounts, "Dele").await;
    assert_eq!(refused.unwrap_err(), Denial::NoAccount);
    let refused = open(SessionId(999), accounts, "De ninguém").await;
    assert_eq!(refused.unwrap_err(), Denial::NoAccount);
    let refused = open(ana.session, administrators, "Dela").await;
    assert_eq!(refused.unwrap_err(), Denial::NotAdministrator);
    open(chefe.session, administrators, "Do chefe")
        .await
        .unwrap();
    let last = world.storage.last_inbox_entry().await.unwrap();
    let room = open(ana.session, accounts, "Da Ana").await.unwrap();
    assert_eq!((room.kind, room.created_at), (RoomKind::Private, at(7)));
    let joined = (ana.person, Some(InboxChange::Joined(room.id)));
    assert_eq!(told_since(world, last).await, [joined]);
    let identity = world.storage.identity(ana.session, room.id).await;
    let identity = identity.unwrap().unwrap();
    assert_eq!(identity.username, username("Ana"));
    assert_eq!(identity.role, MemberRole::Moderator);
    let state = world.storage.membership_state(ana.session, room.id).await;
    let state = state.unwrap().unwrap();
    assert_eq!(
        (state.role, state.terms),
        (MemberRole::Moderator, room.terms())
    );
}

async fn rooms_of_one_name_are_kept_apart_only_where_they_are_listed(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    open(world, &ana, of_kind("Festa", RoomKind::Members)).await;
    for _ in 0..2 {
        open(world, &ana, of_kind("FESTA", RoomKind::Private)).await;
    }
    let private = open(world, &ana, of_kind("Segredo", RoomKind::Private)).await;
    let again = world
        .storage
        .open_room(
            ana.session,
            RoomMakers::Accounts,
            state("festa", true),
            at(1),
        )
        .await;
    assert!(matches!(again, Err(StorageError::Exists(_))), "{again:?}");
    let free = open(world, &ana, state("Segredo", true)).await;
    // A private room can't become a listed one of the same name.
    let list = |room, name| event(room, by(&ana), Act::SetRoom(state(name, true)));
    let refused = world.append_one(list(private, "segredo")).await;
    assert_eq!(refused, Err(papo_storage::Refusal::NameTaken));
    world.append_one(list(free, "Outra")).await.unwrap();
    world.append_one(list(private, "segredo")).await.unwrap();
    let up_to = |kind| RoomFilter {
        up_to: Some(kind),
        ..RoomFilter::default()
    };
    let count = async |kind| world.storage.rooms(up_to(kind)).await.unwrap().len();
    assert_eq!(count(RoomKind::Public).await, 2);
    assert_eq!(count(RoomKind::Members).await, 3);
    assert_eq!(count(RoomKind::Private).await, 5);
    let hidden = RoomFilter {
        search: Some("about f".into()),
        ..RoomFilter::default()
    };
    // What a private room is about isn't searched.
    assert_eq!(world.storage.rooms(hidden).await.unwrap().len(), 1);
}

async fn people_join_as_the_kind_of_a_room_says(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let bia = holder(world, "Bia", 2, false).await;
    let guest = world.session().await;
    let no_room = Err(JoinRefusal::Denied(Denial::NoRoom));
    for (kind, by_guest, by_account) in [
        (RoomKind::Public, Ok(()), Ok(())),
        (RoomKind::Members, no_room, Ok(())),
        (RoomKind::Private, no_room, no_room),
    ] {
        let room = open(world, &ana, of_kind(kind.as_str(), kind)).await;
        assert_eq!(join(world, &guest, room).await, by_guest, "{kind:?}");
        assert_eq!(join(world, &bia, room).await, by_account, "{kind:?}");
        let role = async |guest: &Guest| {
            let standing = world.storage.standing(guest.session, room).await;
            standing.unwrap().unwrap().role()
        };
        let is_in = |joined: Result<(), JoinRefusal>, outside| match joined {
            Ok(()) => Role::Member,
            Err(_) => outside,
        };
        assert_eq!(role(&guest).await, is_in(by_guest, Role::Guest));
        assert_eq!(role(&bia).await, is_in(by_account, Role::Account));
        assert_eq!(role(&ana).await, Role::Moderator);
    }
    let nobody = world.storage.standing(SessionId(999), RoomId(1)).await;
    assert_eq!(nobody.unwrap(), None);
}

async fn people_of_a_room_are_listed(world: &World) {
    let ana = holder(world, "Zélia", 1, true).await;
    let room = open(world, &ana, state("Geral", true)).await;
    for name in ["bia", "Ágata", "Bruno", "caio"] {
        world.guest(room, name).await;
    }
    let names = async |prefix: Option<&str>, offset, limit| -> Vec<String> {
        let prefix = prefix.map(str::to_owned);
        let filter = MemberFilter {
            prefix,
            offset,
            limit,
        };
        let members = world.storage.members(room, filter).await.unwrap();
        members
            .iter()
            .map(|member| member.username.to_string())
            .collect()
    };
    let all = ["Zélia", "bia", "Bruno", "caio", "Ágata"];
    assert_eq!(names(None, 0, 10).await, all);
    assert_eq!(names(None, 1, 2).await, all[1..3]);
    assert_eq!(names(Some("B"), 0, 10).await, ["bia", "Bruno"]);
    assert_eq!(names(Some("á"), 0, 10).await, ["Ágata"]);
    assert_eq!(names(Some("\0"), 0, 10).await, [""; 0]);
    assert_eq!(names(Some("%"), 0, 10).await, [""; 0]);
    let first = MemberFilter {
        limit: 1,
        ..MemberFilter::default()
    };
    let member = world.storage.members(room, first).await.unwrap().remove(0);
    assert_eq!(member.mark, Some(papo_domain::Mark::Administrator));
    assert_eq!(
        (member.role, member.joined_at),
        (MemberRole::Moderator, at(1))
    );
}

async fn a_moderator_gives_roles_and_the_last_one_stays(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let room = open(world, &ana, state("Geral", true)).await;
    let bia = world.guest(room, "Bia").await;
    let caio = world.session().await;
    let storage = &world.storage;
    let set = async |by, guest: &Guest, role| {
        storage
            .set_role(by, room, guest.person, role)
            .await
            .unwrap()
    };
    let (member, moderator) = (MemberRole::Member, MemberRole::Moderator);
    let refused = set(by(&bia), &bia, moderator).await;
    assert_eq!(refused, Err(Denial::NotModerator.into()));
    let refused = set(by(&caio), &bia, moderator).await;
    assert_eq!(refused, Err(Denial::NotJoined.into()));
    let refused = set(by(&ana), &caio, moderator).await;
    assert_eq!(refused, Err(MemberRefusal::NoMember));
    let refused = set(by(&ana), &ana, member).await;
    assert_eq!(refused, Err(MemberRefusal::LastModerator));
    let last = storage.last_inbox_entry().await.unwrap();
    for _ in 0..2 {
        assert_eq!(set(by(&ana), &bia, moderator).await, Ok(()));
    }
    let told = (bia.person, Some(InboxChange::Role(room)));
    assert_eq!(told_since(world, last).await, [told]);
    assert_eq!(set(by(&bia), &ana, member).await, Ok(()));
    let refused = set(by(&ana), &bia, member).await;
    assert_eq!(refused, Err(Denial::NotModerator.into()));
    let chefe = holder(world, "Chefe", 3, true).await;
    assert_eq!(
        set(By::Administrator(chefe.session), &ana, moderator).await,
        Ok(())
    );
    assert_eq!(set(By::System, &bia, member).await, Ok(()));
}

async fn a_moderator_deletes_and_changes_the_room(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let room = open(world, &ana, state("Geral", true)).await;
    let bia = world.guest(room, "Bia").await;
    let (hers, own) = (
        world.post(&bia, room, "dela").await,
        world.post(&ana, room, "minha").await,
    );
    let refused = world.append_one(bia.delete(room, own)).await;
    assert_eq!(refused, Err(Denial::NotYours.into()));
    let refused = world.append_one(ana.edit(room, hers, "x")).await;
    assert_eq!(refused, Err(Denial::NotYours.into()));
    world.append_one(ana.delete(room, hers)).await.unwrap();
    let archive = event(room, by(&ana), Act::SetRoom(state("Geral", false)));
    let refused = world
        .append_one(event(room, by(&bia), archive.change.act.clone()))
        .await;
    assert_eq!(refused, Err(Denial::NotModerator.into()));
    world.append_one(archive).await.unwrap();
    for change in [
        ana.post(room, None, "?"),
        bia.post(room, None, "?"),
        ana.edit(room, own, "?"),
    ] {
        assert_eq!(world.append_one(change).await, Err(Denial::ReadOnly.into()));
    }
    world.append_one(ana.delete(room, own)).await.unwrap();
    let reopen = event(room, by(&ana), Act::SetRoom(state("Geral", true)));
    world.append_one(reopen).await.unwrap();
    world.post(&bia, room, "de novo").await;
}

async fn only_moderators_post_in_an_announcement_room(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let announcements = RoomState {
        is_announcement: true,
        ..state("Avisos", true)
    };
    let room = open(world, &ana, announcements).await;
    let bia = world.guest(room, "Bia").await;
    let seq = world.post(&ana, room, "aviso").await;
    let refused = world.append_one(bia.post(room, None, "eu também")).await;
    assert_eq!(refused, Err(Denial::ReadOnly.into()));
    let react = Act::React {
        target: seq,
        emoji: papo_domain::Emoji::parse("👍").unwrap(),
        is_on: true,
    };
    world
        .append_one(event(room, by(&bia), react))
        .await
        .unwrap();
}

async fn who_is_banned_stays_out_until_the_ban_is_lifted(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let room = open(world, &ana, state("Geral", true)).await;
    let bia = world.guest(room, "Bia").await;
    let caio = world.guest(room, "Caio").await;
    let storage = &world.storage;
    let remove = async |by, guest: &Guest, bans| {
        storage
            .remove_member(by, room, guest.person, bans, at(9))
            .await
            .unwrap()
    };
    assert_eq!(
        remove(by(&bia), &caio, true).await,
        Err(Denial::NotModerator.into())
    );
    assert_eq!(
        remove(by(&ana), &ana, true).await,
        Err(MemberRefusal::NoMember)
    );
    let last = storage.last_revocation().await.unwrap();
    assert_eq!(remove(by(&ana), &caio, false).await, Ok(()));
    assert_eq!(remove(by(&ana), &bia, true).await, Ok(()));
    assert_eq!(
        remove(by(&ana), &bia, true).await,
        Err(MemberRefusal::NoMember)
    );
    let left = Some(Revoked::Left(room));
    let expected = [(caio.person, left.clone()), (bia.person, left)];
    assert_eq!(revoked_since(world, last).await, expected);
    assert_eq!(join(world, &caio, room).await, Ok(()));
    let banned = Err(JoinRefusal::Denied(Denial::Banned));
    assert_eq!(join(world, &bia, room).await, banned);
    let session = storage
        .session(bia.token, Some(room))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((session.role, session.is_banned), (None, true));
    let bans = storage.bans(room).await.unwrap();
    let shown: Vec<_> = bans
        .iter()
        .map(|ban| (ban.person, ban.username.as_str(), ban.at))
        .collect();
    assert_eq!(shown, [(bia.person, "Bia", at(9))]);
    let lift = async |by| storage.lift_ban(by, room, bia.person).await.unwrap();
    assert_eq!(lift(by(&caio)).await, Err(Denial::NotModerator.into()));
    assert_eq!(lift(by(&ana)).await, Ok(()));
    assert_eq!(lift(by(&ana)).await, Err(MemberRefusal::NoMember));
    assert_eq!(join(world, &bia, room).await, Ok(()));
}

async fn a_ban_stands_when_its_guest_signs_in_and_a_room_is_not_brought_along(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let bia = holder(world, "Bia", 2, false).await;
    let room = open(world, &ana, state("Geral", true)).await;
    world.join(&bia, room, "Bia").await;
    let banned = world
        .storage
        .remove_member(by(&ana), room, bia.person, true, at(9));
    banned.await.unwrap().unwrap();
    let guest = world.guest(room, "Visita").await;
    let session = NewSession {
        token: token(77),
        at: at(1),
        used: Served(0),
    };
    let account = world.storage.accounts().await.unwrap();
    let account = account.iter().find(|one| one.person == bia.person).unwrap();
    let password = crate::world::password_of("Bia");
    let signed_in = world
        .storage
        .sign_in(account.id, password, session, Some(guest.session));
    let session = signed_in.await.unwrap().unwrap();
    assert_eq!(world.storage.memberships(session).await.unwrap(), []);
}

async fn an_administrator_adds_themselves_in_the_sight_of_all(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let chefe = holder(world, "Chefe", 2, true).await;
    let room = open(world, &ana, of_kind("Segredo", RoomKind::Private)).await;
    let enter = |by, name| {
        let username = username(name);
        event(room, by, Act::Enter { username })
    };
    let refused = world
        .append_one(enter(By::Administrator(ana.session), "Ana"))
        .await;
    assert_eq!(refused, Err(Denial::NotAdministrator.into()));
    let as_admin = By::Administrator(chefe.session);
    let appended = world.append_one(enter(as_admin, "Chefe")).await.unwrap();
    assert_eq!(appended.event.seq, Seq(1));
    let admit = async |session| {
        world
            .storage
            .admit_administrator(session, room, at(3))
            .await
            .unwrap()
    };
    assert_eq!(admit(ana.session).await, Err(Denial::NotAdministrator));
    for _ in 0..2 {
        assert_eq!(admit(chefe.session).await, Ok(()));
    }
    let identity = world
        .storage
        .identity(chefe.session, room)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(identity.role, MemberRole::Member);
    // A room that nobody looks after gets a moderator.
    world.storage.leave(ana.session, None).await.unwrap();
    world.storage.leave(chefe.session, None).await.unwrap();
    assert_eq!(admit(chefe.session).await, Ok(()));
    let identity = world
        .storage
        .identity(chefe.session, room)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(identity.role, MemberRole::Moderator);
}

async fn an_administrator_does_not_open_a_private_room(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let chefe = holder(world, "Chefe", 2, true).await;
    let room = open(world, &ana, of_kind("Segredo", RoomKind::Private)).await;
    let seq = world.post(&ana, room, "segredo").await;
    let as_admin = By::Administrator(chefe.session);
    let opened = world
        .append_one(event(room, as_admin, Act::SetRoom(state("Aberta", true))))
        .await;
    assert_eq!(opened, Err(Denial::NotModerator.into()));
    let deleted = world
        .append_one(event(room, as_admin, Act::Delete { target: seq }))
        .await;
    assert_eq!(deleted, Err(Denial::NoRoom.into()));
    let renamed = Act::SetRoom(of_kind("Outro nome", RoomKind::Private));
    world
        .append_one(event(room, as_admin, renamed))
        .await
        .unwrap();
}

async fn messages_of_private_rooms_are_in_no_administrators_list(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let public = open(world, &ana, state("Geral", true)).await;
    let private = open(world, &ana, of_kind("Segredo", RoomKind::Private)).await;
    world.post(&ana, public, "aberto").await;
    world.post(&ana, private, "fechado").await;
    let filter = |room| papo_storage::MessageFilter {
        room,
        from: None,
        until: None,
        search: None,
        offset: 0,
        limit: 10,
    };
    let found = async |room| {
        let page = world.storage.find_messages(filter(room)).await.unwrap();
        page.messages
            .iter()
            .map(|message| message.text.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(None).await, ["aberto"]);
    assert_eq!(found(Some(private)).await, [""; 0]);
}

/// A message and the loss of the right to post it meet many times. A message is stored before the
/// role is lost, or not at all.
async fn a_role_that_was_lost_posts_no_more(world: &World) {
    const TIMES: usize = 50;
    let ana = holder(world, "Ana", 1, false).await;
    let announcements = RoomState {
        is_announcement: true,
        ..state("Avisos", true)
    };
    let room = open(world, &ana, announcements).await;
    let bia = world.guest(room, "Bia").await;
    let set = async |role| {
        let set = world
            .storage
            .set_role(by(&ana), room, bia.person, role)
            .await;
        set.unwrap().unwrap();
    };
    for number in 0..TIMES {
        set(MemberRole::Moderator).await;
        let post = world.append_one(bia.post(room, None, &number.to_string()));
        let losing = async {
            set(MemberRole::Member).await;
            // From here on nothing is stored.
            world.append_one(bia.post(room, None, "tarde")).await
        };
        let (_, late) = tokio::join!(post, losing);
        assert_eq!(late, Err(Denial::ReadOnly.into()));
    }
    assert!(!world.texts(room).await.contains(&"tarde".to_owned()));
    let removed = AccountChange::Remove;
    let account = world.storage.accounts().await.unwrap().remove(0);
    let _ = world
        .storage
        .change_account(By::System, account.id, removed, at(9))
        .await
        .unwrap();
}
