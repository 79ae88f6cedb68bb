//! Direct rooms.

use papo_domain::{Denial, PersonId, RoomKind};
use papo_storage::{DirectRefusal, JoinRefusal};

use crate::moderation::holder;
use crate::world::{Guest, World, at, username};

crate::stories!(
    a_direct_room_is_found_again_by_who_is_in_it,
    who_may_not_be_in_a_direct_room,
    two_who_start_one_at_the_same_moment_get_one_room,
    people_are_found_by_their_accounts_names,
);

async fn start(
    world: &World,
    asker: &Guest,
    others: &[PersonId],
) -> Result<papo_domain::Room, DirectRefusal> {
    let started = world
        .storage
        .start_direct(asker.session, others.to_vec(), at(5))
        .await;
    started.unwrap()
}

async fn a_direct_room_is_found_again_by_who_is_in_it(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    // An id whose bits don't fit a signed number.
    let bia = holder(world, "Bia", u64::MAX - 7, false).await;
    let caio = holder(world, "Caio", 3, false).await;
    let room = start(world, &ana, &[bia.person]).await.unwrap();
    assert_eq!(room.kind, RoomKind::Direct);
    let again = start(world, &bia, &[ana.person, ana.person, bia.person]).await;
    assert_eq!(again.unwrap().id, room.id);
    let three = start(world, &caio, &[bia.person, ana.person])
        .await
        .unwrap();
    assert_ne!(three.id, room.id);
    let name = async |guest: &Guest, room| {
        let state = world.storage.membership_state(guest.session, room).await;
        let state = state.unwrap().unwrap();
        let own = world.storage.direct_name(room, guest.person).await.unwrap();
        assert_eq!(own, Some(state.name.clone()));
        state.name.to_string()
    };
    assert_eq!(name(&ana, room.id).await, "Bia");
    assert_eq!(name(&bia, room.id).await, "Ana");
    assert_eq!(name(&bia, three.id).await, "Ana, Caio");
    world.post(&ana, room.id, "oi").await;
    // Who has left is there again when somebody starts it.
    world
        .storage
        .leave(bia.session, Some(room.id))
        .await
        .unwrap();
    let join = world
        .storage
        .join(bia.session, room.id, username("Bia"), at(6));
    assert_eq!(
        join.await.unwrap().unwrap_err(),
        JoinRefusal::Denied(Denial::NoRoom)
    );
    assert_eq!(start(world, &ana, &[bia.person]).await.unwrap().id, room.id);
    assert_eq!(
        world.storage.memberships(bia.session).await.unwrap().len(),
        2
    );
    assert_eq!(world.texts(room.id).await, ["oi"]);
}

async fn who_may_not_be_in_a_direct_room(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    let guest = world.session().await;
    let refused = start(world, &guest, &[ana.person]).await;
    assert_eq!(refused, Err(Denial::NoAccount.into()));
    for nobody in [guest.person, PersonId(99)] {
        let refused = start(world, &ana, &[nobody]).await;
        assert_eq!(refused, Err(DirectRefusal::NoAccount));
    }
    assert_eq!(start(world, &ana, &[]).await, Err(DirectRefusal::Number));
    assert_eq!(
        start(world, &ana, &[ana.person]).await,
        Err(DirectRefusal::Number)
    );
    let many: Vec<_> = (10..20).map(PersonId).collect();
    assert_eq!(start(world, &ana, &many).await, Err(DirectRefusal::Number));
}

async fn two_who_start_one_at_the_same_moment_get_one_room(world: &World) {
    const TIMES: u64 = 20;
    let ana = holder(world, "Ana", 1, false).await;
    for number in 0..TIMES {
        let other = holder(world, &format!("Colega {number}x"), 100 + number, false).await;
        let (one, two, three) = tokio::join!(
            start(world, &ana, std::slice::from_ref(&other.person)),
            start(world, &other, std::slice::from_ref(&ana.person)),
            start(world, &ana, std::slice::from_ref(&other.person)),
        );
        let (one, two, three) = (one.unwrap().id, two.unwrap().id, three.unwrap().id);
        assert_eq!((one, one), (two, three));
    }
    let memberships = world.storage.memberships(ana.session).await.unwrap();
    assert_eq!(memberships.len(), usize::try_from(TIMES).unwrap());
}

async fn people_are_found_by_their_accounts_names(world: &World) {
    let ana = holder(world, "Ana", 1, false).await;
    for (number, name) in (2..).zip(["Bia", "bruno", "Ágata", "Zé"]) {
        holder(world, name, number, name == "Zé").await;
    }
    let found = async |prefix: &str| -> Vec<String> {
        let found = world
            .storage
            .accounts_by_name(ana.person, prefix.to_owned(), 3)
            .await;
        found
            .unwrap()
            .iter()
            .map(|one| one.name.to_string())
            .collect()
    };
    assert_eq!(found("b").await, ["Bia", "bruno"]);
    assert_eq!(found("á").await, ["Ágata"]);
    assert_eq!(found("ana").await, [""; 0]);
    assert_eq!(found("").await.len(), 3);
    assert_eq!(found("\0").await, [""; 0]);
    let of = world
        .storage
        .accounts_of(vec![PersonId(5), PersonId(77), PersonId(2)])
        .await
        .unwrap();
    let of: Vec<_> = of.iter().map(|one| (one.person, one.is_admin)).collect();
    assert_eq!(of, [(PersonId(2), false), (PersonId(5), true)]);
}
