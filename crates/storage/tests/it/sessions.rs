//! Sessions and memberships.

use papo_domain::{Denial, RoomId, SessionId};
use papo_storage::{JoinRefusal, NewSession, SESSION_LIFETIME, Served};

use crate::world::{World, account, at, set_room, state, token, username};

crate::stories!(
    a_session_is_found_by_its_token,
    a_session_carries_its_account,
    a_session_that_ended_is_gone,
    unused_sessions_expire,
    unused_sessions_do_not_count,
    joining_again_changes_the_name,
    joining_is_refused,
    leaving_says_what_was_left,
    memberships_are_listed,
);

async fn a_session_is_found_by_its_token(world: &World) {
    let room = world.room("Geral").await;
    let guest = world.session().await;
    let found = world.storage.session(guest.token, None).await.unwrap();
    let found = found.unwrap();
    assert_eq!((found.id, found.person), (guest.session, guest.person));
    assert_eq!(found.last_username, None);
    assert_eq!(found.account, None);
    world.join(&guest, room, "Ana").await;
    let found = world
        .storage
        .session(guest.token, Some(room))
        .await
        .unwrap();
    let found = found.unwrap();
    assert_eq!(found.username, Some(username("Ana")));
    assert_eq!(found.last_username, Some(username("Ana")));
    let elsewhere = world.storage.session(guest.token, Some(RoomId(99))).await;
    assert_eq!(elsewhere.unwrap().unwrap().username, None);
    let unknown = world.storage.session(token(999), None).await.unwrap();
    assert_eq!(unknown, None);
}

async fn a_session_carries_its_account(world: &World) {
    let guest = world.session().await;
    let made = world.storage.create_account(account("Ana", guest.person));
    let made = made.await.unwrap();
    let new = NewSession {
        token: token(77),
        at: at(3),
        used: Served(3),
    };
    let id = world.sign_in(new, &made).await;
    let found = world.storage.session(token(77), None).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.id, id);
    assert_eq!(found.account, Some(made));
    assert_eq!(found.last_used, Served(3));
}

async fn a_session_that_ended_is_gone(world: &World) {
    let room = world.room("Geral").await;
    let guest = world.guest(room, "Ana").await;
    world.post(&guest, room, "fica").await;
    world.storage.end_session(guest.session).await.unwrap();
    let found = world.storage.session(guest.token, Some(room)).await;
    assert_eq!(found.unwrap(), None);
    let memberships = world.storage.memberships(guest.session).await;
    assert_eq!(memberships.unwrap(), []);
    assert_eq!(world.texts(room).await, ["fica"]);
    world.storage.end_session(guest.session).await.unwrap();
}

async fn unused_sessions_expire(world: &World) {
    let room = world.room("Geral").await;
    let old = world.guest(room, "Ana").await;
    let used = world.guest(room, "Bia").await;
    world
        .storage
        .touch_session(used.session, Served(100))
        .await
        .unwrap();
    // A late use changes nothing.
    world
        .storage
        .touch_session(used.session, Served(50))
        .await
        .unwrap();
    assert_eq!(world.storage.expire_sessions(Served(100)).await.unwrap(), 1);
    let gone = world.storage.session(old.token, None).await.unwrap();
    assert_eq!(gone, None);
    let here = world.storage.session(used.token, None).await.unwrap();
    assert_eq!(here.unwrap().last_used, Served(100));
}

async fn unused_sessions_do_not_count(world: &World) {
    let old = world.session().await;
    let other = world.session().await;
    let later = Served(0).after(SESSION_LIFETIME);
    world
        .storage
        .touch_session(other.session, later)
        .await
        .unwrap();
    let found = world.storage.session(old.token, None).await.unwrap();
    assert!(found.is_some());
    let later = Served(1).after(SESSION_LIFETIME);
    world
        .storage
        .touch_session(other.session, later)
        .await
        .unwrap();
    let found = world.storage.session(old.token, None).await.unwrap();
    assert_eq!(found, None);
}

async fn joining_again_changes_the_name(world: &World) {
    let room = world.room("Geral").await;
    let guest = world.session().await;
    let join = async |name| {
        let joined = world
            .storage
            .join(guest.session, room, username(name), at(9));
        joined.await.unwrap().unwrap()
    };
    let first = join("Ana").await;
    assert_eq!(first.room.id, room);
    assert_eq!(first.previous, None);
    assert_eq!(join("Bia").await.previous, Some(username("Ana")));
    let memberships = world.storage.memberships(guest.session).await;
    assert_eq!(memberships.unwrap(), [(room, username("Bia"))]);
}

async fn joining_is_refused(world: &World) {
    let room = world.room("Geral").await;
    let guest = world.session().await;
    let owner = world.session().await;
    let made = world.storage.create_account(account("Marta", owner.person));
    let made = made.await.unwrap();
    let new = NewSession {
        token: token(77),
        at: at(0),
        used: Served(0),
    };
    let signed_in = world.sign_in(new, &made).await;
    let join = async |session, room, name| {
        let joined = world.storage.join(session, room, username(name), at(9));
        joined.await.unwrap().map(|joined| joined.previous)
    };
    let (ana, nobody) = (guest.session, SessionId(999));
    assert_eq!(
        join(ana, RoomId(99), "Ana").await,
        Err(JoinRefusal::Denied(Denial::NoRoom))
    );
    assert_eq!(join(nobody, room, "Ana").await, Err(JoinRefusal::NoSession));
    // The second has a Cyrillic letter.
    for name in [
        "marta",
        "Мarta",
        "M A R T A",
        "Marta ✔",
        "Marta (oficial)",
        "M4rt@",
    ] {
        let refused = join(ana, room, name).await;
        assert_eq!(refused, Err(JoinRefusal::NameRegistered), "{name}");
    }
    for name in ["Admin", "аdmin", "Equipe Papo", "Zé (conta)"] {
        let refused = join(ana, room, name).await;
        assert_eq!(refused, Err(JoinRefusal::NameReserved), "{name}");
    }
    // An administrator has the role, and an account its name.
    assert_eq!(join(signed_in, room, "MARTA").await, Ok(None));
    assert_eq!(
        join(signed_in, room, "Admin").await,
        Ok(Some(username("MARTA")))
    );
    let close = set_room(room, state("Geral", false));
    world.append_one(close).await.unwrap();
    assert_eq!(
        join(ana, room, "Ana").await,
        Err(JoinRefusal::Denied(Denial::NoRoom))
    );
}

async fn leaving_says_what_was_left(world: &World) {
    let (one, other) = (world.room("Uma").await, world.room("Outra").await);
    let guest = world.guest(one, "Ana").await;
    world.join(&guest, other, "Ana").await;
    let leave = async |room| world.storage.leave(guest.session, room).await.unwrap();
    assert_eq!(leave(Some(one)).await, [one]);
    assert_eq!(leave(Some(one)).await, []);
    world.join(&guest, one, "Ana").await;
    assert_eq!(leave(None).await, [one, other]);
    assert_eq!(leave(None).await, []);
}

async fn memberships_are_listed(world: &World) {
    let (one, other) = (world.room("Uma").await, world.room("Outra").await);
    let guest = world.guest(one, "Ana").await;
    world.join(&guest, other, "Bia").await;
    let memberships = world.storage.memberships(guest.session).await;
    let expected = [(one, username("Ana")), (other, username("Bia"))];
    assert_eq!(memberships.unwrap(), expected);
}
