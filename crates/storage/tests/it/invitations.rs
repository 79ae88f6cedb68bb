//! Invitations.

use std::time::Duration;

use papo_domain::{Denial, RoomId, RoomKind};
use papo_storage::{By, InvitationId, JoinRefusal, NewInvitation, Served};

use crate::moderation::{holder, of_kind, open};
use crate::world::{Guest, World, at, state, token, username};

crate::stories!(
    an_invitation_lets_people_in,
    an_invitation_ends,
    the_last_use_is_taken_once,
);

const HOUR: Duration = Duration::from_hours(1);

pub(crate) fn invitation(room: RoomId, number: u64, uses: u32) -> NewInvitation {
    NewInvitation {
        id: InvitationId(i64::try_from(number).unwrap()),
        token: token(900 + number),
        room,
        at: at(3),
        lifetime: HOUR,
        uses,
    }
}

async fn accept(world: &World, guest: &Guest, number: u64) -> Result<RoomId, JoinRefusal> {
    let name = username(&format!("Pessoa {}", guest.person.0 % 1_000));
    let accepted = world
        .storage
        .accept_invitation(guest.session, token(900 + number), name, at(4))
        .await;
    accepted.unwrap().map(|joined| joined.room.id)
}

async fn an_invitation_lets_people_in(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let room = open(world, &ana, of_kind("Segredo", RoomKind::Private)).await;
    let (guest, other) = (world.session().await, world.session().await);
    let by = By::Member(ana.session);
    let storage = &world.storage;
    let make = async |by, number, uses| {
        storage
            .create_invitation(by, invitation(room, number, uses))
            .await
            .unwrap()
    };
    assert_eq!(
        make(By::Member(guest.session), 1, 5).await,
        Err(Denial::NoRoom)
    );
    assert_eq!(make(by, 1, 2).await, Ok(()));
    let shown = storage.invitation(token(901)).await.unwrap().unwrap();
    assert_eq!(
        (shown.room, shown.uses_left, shown.created_at),
        (room, 2, at(3))
    );
    assert_eq!(storage.invitations(room).await.unwrap(), [shown]);
    // Whoever is in the room uses none.
    for _ in 0..2 {
        assert_eq!(accept(world, &guest, 1).await, Ok(room));
        assert_eq!(accept(world, &ana, 1).await, Ok(room));
    }
    assert_eq!(
        make(By::Member(guest.session), 2, 5).await,
        Err(Denial::NotModerator)
    );
    // A refused name uses none.
    let taken = storage.accept_invitation(other.session, token(901), username("Ana"), at(4));
    assert_eq!(
        taken.await.unwrap().unwrap_err(),
        JoinRefusal::NameRegistered
    );
    let banned = storage
        .remove_member(by, room, guest.person, true, at(5))
        .await;
    banned.unwrap().unwrap();
    let refused = accept(world, &guest, 1).await;
    assert_eq!(refused, Err(JoinRefusal::Denied(Denial::Banned)));
    assert_eq!(accept(world, &other, 1).await, Ok(room));
    let late = world.session().await;
    assert_eq!(
        accept(world, &late, 1).await,
        Err(JoinRefusal::NoInvitation)
    );
    assert_eq!(storage.invitations(room).await.unwrap(), []);
}

async fn an_invitation_ends(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let room = open(world, &ana, state("Geral", true)).await;
    let elsewhere = open(world, &ana, state("Outra", true)).await;
    let by = By::Member(ana.session);
    let storage = &world.storage;
    for number in [1, 2] {
        let made = storage
            .create_invitation(by, invitation(room, number, 5))
            .await;
        made.unwrap().unwrap();
    }
    let guest = world.session().await;
    let end = async |by, room| {
        storage
            .end_invitation(by, room, InvitationId(1))
            .await
            .unwrap()
    };
    assert_eq!(
        end(By::Member(guest.session), room).await,
        Err(Denial::NotJoined)
    );
    // An invitation is ended in its own room only.
    assert_eq!(end(by, elsewhere).await, Ok(()));
    assert!(storage.invitation(token(901)).await.unwrap().is_some());
    assert_eq!(end(by, room).await, Ok(()));
    assert_eq!(
        accept(world, &guest, 1).await,
        Err(JoinRefusal::NoInvitation)
    );
    let served = storage.serve(Served(0)).await.unwrap();
    storage.serve(served.after(HOUR)).await.unwrap();
    assert_eq!(
        accept(world, &guest, 2).await,
        Err(JoinRefusal::NoInvitation)
    );
    assert_eq!(storage.invitation(token(902)).await.unwrap(), None);
    // Nobody is let into an archived room.
    let made = storage.create_invitation(by, invitation(room, 3, 5)).await;
    made.unwrap().unwrap();
    let archive = papo_storage::Act::SetRoom(state("Geral", false));
    world
        .append_one(crate::world::event(room, by, archive))
        .await
        .unwrap();
    let refused = accept(world, &guest, 3).await;
    assert_eq!(refused, Err(JoinRefusal::Denied(Denial::ReadOnly)));
}

/// Many take the last use at the same moment, many times.
async fn the_last_use_is_taken_once(world: &World) {
    const TIMES: u64 = 30;
    let ana = holder(world, "Ana", 1, false).await;
    let mut people = Vec::new();
    for _ in 0..6 {
        people.push(world.session().await);
    }
    for number in 1..=TIMES {
        let room = open(world, &ana, of_kind("Segredo", RoomKind::Private)).await;
        let made = world
            .storage
            .create_invitation(By::Member(ana.session), invitation(room, number, 1));
        made.await.unwrap().unwrap();
        let accepting = people.iter().map(|guest| accept(world, guest, number));
        let accepted = futures_util::future::join_all(accepting).await;
        let (joined, refused): (Vec<_>, Vec<_>) = accepted.into_iter().partition(Result::is_ok);
        assert_eq!(joined.len(), 1, "{number}");
        assert!(
            refused
                .iter()
                .all(|one| *one == Err(JoinRefusal::NoInvitation))
        );
    }
}
