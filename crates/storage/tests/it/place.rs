//! The settings of the place.

use papo_domain::{Denial, PersonId, Place, PlaceName};
use papo_storage::{
    AccountChange, By, JoinRefusal, NewSession, PlaceRefusal, PlaceVersion, RevocationId, Revoked,
    Served, StoredPlace,
};
use tokio::join;

use crate::world::{World, account, at, token, username};

crate::stories!(
    the_settings_are_replaced_version_by_version,
    a_change_is_told_to_every_node,
    only_who_administers_now_changes_them,
    guests_join_no_more_where_they_are_not_admitted,
);

fn named(name: &str) -> Place {
    Place {
        name: PlaceName::parse(name).unwrap(),
        ..Place::default()
    }
}

async fn set(
    world: &World,
    by: By,
    before: i64,
    place: Place,
) -> Result<PlaceVersion, PlaceRefusal> {
    let before = PlaceVersion(before);
    let set = world.storage.set_place(by, before, place, at(7));
    set.await.unwrap()
}

async fn the_settings_are_replaced_version_by_version(world: &World) {
    let storage = &world.storage;
    assert_eq!(storage.place().await.unwrap(), StoredPlace::default());
    let early = set(world, By::System, 1, named("Cedo")).await;
    assert_eq!(early, Err(PlaceRefusal::Changed));
    // Of several at once, one is stored.
    let (one, other) = join!(
        set(world, By::System, 0, named("Sol")),
        set(world, By::System, 0, named("Sol")),
    );
    let mut both = [one, other];
    both.sort_by_key(Result::is_err);
    assert_eq!(both, [Ok(PlaceVersion(1)), Err(PlaceRefusal::Changed)]);
    let place = named("Escola Sol");
    let changed = set(world, By::System, 1, place.clone()).await;
    let version = PlaceVersion(2);
    assert_eq!(changed, Ok(version));
    let stored = StoredPlace { version, place };
    assert_eq!(storage.place().await.unwrap(), stored);
    let late = set(world, By::System, 1, named("Tarde")).await;
    assert_eq!(late, Err(PlaceRefusal::Changed));
    assert_eq!(storage.place().await.unwrap(), stored);
}

async fn a_change_is_told_to_every_node(world: &World) {
    let storage = &world.storage;
    let before = storage.last_revocation().await.unwrap();
    set(world, By::System, 0, named("Sol")).await.unwrap();
    let told = storage.revocations_after(before, 9).await.unwrap();
    let told: Vec<_> = told.iter().map(|told| told.revoked.clone()).collect();
    assert_eq!(told, [Some(Revoked::Place)]);
    let last = storage.last_revocation().await.unwrap();
    assert_eq!(last, RevocationId(before.0 + 1));
}

async fn only_who_administers_now_changes_them(world: &World) {
    let guest = world.session().await;
    let denied = Err(PlaceRefusal::Denied(Denial::NotAdministrator));
    for by in [
        By::Member(guest.session),
        By::Administrator(guest.session),
        By::Administrator(papo_domain::SessionId(99)),
    ] {
        assert_eq!(set(world, by, 0, named("Sol")).await, denied);
    }
    let chefe = account("Chefe", PersonId(5));
    let chefe = world.storage.create_account(chefe).await.unwrap();
    let ana = account("Ana", PersonId(6));
    world.storage.create_account(ana).await.unwrap();
    let session = NewSession {
        token: token(77),
        at: at(0),
        used: Served(0),
    };
    let session = world.sign_in(session, &chefe).await;
    let by = By::Administrator(session);
    assert_eq!(set(world, by, 0, named("Sol")).await, Ok(PlaceVersion(1)));
    let demoted = AccountChange::SetAdmin(false);
    let demoted = world
        .storage
        .change_account(By::System, chefe.id, demoted, at(9));
    demoted.await.unwrap().unwrap();
    assert_eq!(set(world, by, 1, named("Lua")).await, denied);
}

async fn guests_join_no_more_where_they_are_not_admitted(world: &World) {
    let (here, there) = (world.room("Aqui").await, world.room("Ali").await);
    let bia = world.guest(here, "Bia").await;
    let closed = Place {
        admits_guests: false,
        ..Place::default()
    };
    set(world, By::System, 0, closed).await.unwrap();
    let join = |room, name| {
        let joined = world.storage.join(bia.session, room, username(name), at(2));
        async { joined.await.unwrap().map(|joined| joined.previous) }
    };
    assert_eq!(join(there, "Bia").await, Err(JoinRefusal::NoGuests));
    // In a room they are in, they may take another name.
    let renamed = join(here, "Beatriz").await;
    assert_eq!(renamed, Ok(Some(username("Bia"))));
    // An account joins, and a guest who makes one is no guest any more.
    let own = account("Beatriz", bia.person);
    world.storage.create_account(own).await.unwrap();
    assert_eq!(join(there, "Beatriz").await, Ok(None));
}
