//! Revocations: what every node learns of rights that ended.

use std::time::Duration;

use papo_domain::{PersonId, SessionId};
use papo_storage::{Revocation, RevocationId, Revoked, Served};

use crate::world::{World, account, username};

crate::stories!(
    what_ends_a_right_is_told,
    what_changes_nothing_is_not_told,
    a_new_account_puts_out_those_who_went_by_its_name,
    revocations_are_read_in_portions,
    old_ones_are_forgotten_and_their_numbers_are_not_given_again,
);

async fn told(world: &World) -> Vec<(PersonId, Revoked)> {
    all(world)
        .await
        .into_iter()
        .map(|revocation| (revocation.person, revocation.revoked.unwrap()))
        .collect()
}

async fn all(world: &World) -> Vec<Revocation> {
    let all = world.storage.revocations_after(RevocationId(0), usize::MAX);
    all.await.unwrap()
}

async fn what_ends_a_right_is_told(world: &World) {
    let (one, other) = (world.room("Um").await, world.room("Dois").await);
    let ana = world.guest(one, "Ana").await;
    world.join(&ana, other, "Ana").await;
    world.join(&ana, one, "Aninha").await;
    let storage = &world.storage;
    storage.leave(ana.session, Some(one)).await.unwrap();
    world.join(&ana, one, "Ana").await;
    storage.leave(ana.session, None).await.unwrap();
    storage.end_session(ana.session).await.unwrap();
    let expected = [
        Revoked::Renamed(one, username("Aninha")),
        Revoked::Left(one),
        Revoked::Left(one),
        Revoked::Left(other),
        Revoked::Ended(ana.session),
    ];
    let expected = expected.map(|revoked| (ana.person, revoked));
    assert_eq!(told(world).await, expected);
}

async fn what_changes_nothing_is_not_told(world: &World) {
    let room = world.room("Geral").await;
    let ana = world.guest(room, "Ana").await;
    world.join(&ana, room, "Ana").await;
    let storage = &world.storage;
    let nobody = world.session().await;
    storage.leave(nobody.session, None).await.unwrap();
    storage.end_session(SessionId(999)).await.unwrap();
    assert_eq!(told(world).await, []);
    assert_eq!(storage.last_revocation().await.unwrap(), RevocationId(0));
}

async fn a_new_account_puts_out_those_who_went_by_its_name(world: &World) {
    let room = world.room("Geral").await;
    let guest = world.guest(room, "Ana").await;
    let own = world.guest(room, "Ana").await;
    let new = account("ana", own.person);
    world.storage.create_account(new).await.unwrap();
    let expected = [(guest.person, Revoked::Left(room))];
    assert_eq!(told(world).await, expected);
}

async fn revocations_are_read_in_portions(world: &World) {
    for _ in 0..5 {
        let guest = world.session().await;
        world.storage.end_session(guest.session).await.unwrap();
    }
    let all = all(world).await;
    assert_eq!(all.len(), 5);
    assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id));
    let some = world.storage.revocations_after(all[1].id, 2).await.unwrap();
    assert_eq!(some, all[2..4]);
    let last = world.storage.last_revocation().await.unwrap();
    assert_eq!(last, all[4].id);
    let none = world.storage.revocations_after(last, 2).await.unwrap();
    assert_eq!(none, []);
}

async fn old_ones_are_forgotten_and_their_numbers_are_not_given_again(world: &World) {
    let storage = &world.storage;
    let end = async || {
        let guest = world.session().await;
        storage
            .touch_session(guest.session, Served(1))
            .await
            .unwrap();
        storage.end_session(guest.session).await.unwrap();
    };
    end().await;
    let hour = Duration::from_hours(1);
    let served = storage.serve(Served(0)).await.unwrap();
    let almost = served.after(hour).before(Duration::from_millis(1));
    storage.serve(almost).await.unwrap();
    assert_eq!(storage.forget_revocations(hour).await.unwrap(), 0);
    let last = storage.last_revocation().await.unwrap();
    storage.serve(served.after(hour)).await.unwrap();
    assert_eq!(storage.forget_revocations(hour).await.unwrap(), 1);
    assert_eq!(all(world).await, []);
    assert_eq!(storage.last_revocation().await.unwrap(), last);
    end().await;
    assert!(all(world).await[0].id > last);
}
