//! The audit.

use std::time::Duration;

use papo_domain::{
    Account, AuditAccount, AuditAct, AuditRoom, Denial, PersonId, Place, PlaceName, PlaceSetting,
    RoomMakers, SessionId, SettingChange,
};
use papo_storage::{
    AccountChange, Act, AuditFilter, By, NewAccount, NewSession, PlaceVersion, Served,
};

use crate::world::{World, account, at, event, state, token};

crate::stories!(
    every_act_of_an_administrator_is_noted,
    commands_are_noted_without_a_person,
    what_is_refused_and_what_people_do_themselves_is_not_noted,
    entries_are_found,
    old_entries_are_forgotten,
);

fn all() -> AuditFilter {
    AuditFilter {
        limit: 99,
        ..AuditFilter::default()
    }
}

/// The noted acts that meet the filter, the first one first, each with the name of who did it.
async fn noted(world: &World, filter: AuditFilter) -> Vec<(Option<String>, AuditAct)> {
    let entries = world.storage.audit(filter).await.unwrap();
    let entries = entries.into_iter().rev();
    let entries = entries.map(|entry| (entry.by.map(|by| by.name), entry.act.unwrap()));
    entries.collect()
}

/// An administrator, made by a command and signed in.
async fn administrator(world: &World, name: &str, number: u64) -> (Account, SessionId) {
    let made = NewAccount {
        made_by: Some(By::System),
        ..account(name, PersonId(number))
    };
    let account = world.storage.create_account(made).await.unwrap();
    let session = NewSession {
        token: token(number),
        at: at(0),
        used: Served(0),
    };
    let session = world.sign_in(session, &account).await;
    (account, session)
}

async fn every_act_of_an_administrator_is_noted(world: &World) {
    let storage = &world.storage;
    let (chefe, session) = administrator(world, "Chefe", 500).await;
    let by = By::Administrator(session);
    let made = storage.open_room(
        session,
        RoomMakers::Administrators,
        state("Quintal", true),
        at(1),
    );
    let room = made.await.unwrap().unwrap().id;
    let bia = world.guest(room, "Bia").await;
    let seq = world.post(&bia, room, "some").await;
    let delete = event(room, by, Act::Delete { target: seq });
    world.append_one(delete).await.unwrap();
    for (name, is_active) in [("Jardim", true), ("Jardim", false), ("Jardim", true)] {
        let set = event(room, by, Act::SetRoom(state(name, is_active)));
        world.append_one(set).await.unwrap();
    }
    let place = Place {
        name: PlaceName::parse("Sol").unwrap(),
        ..Place::default()
    };
    let set = storage.set_place(by, PlaceVersion(0), place, at(5));
    set.await.unwrap().unwrap();
    let ana = NewAccount {
        made_by: Some(by),
        ..account("Ana", PersonId(6))
    };
    let ana = storage.create_account(ana).await.unwrap();
    for change in [
        AccountChange::SetAdmin(false),
        AccountChange::EndSessions,
        AccountChange::Suspend,
        AccountChange::Restore,
        AccountChange::SetAdmin(true),
        AccountChange::Remove,
    ] {
        let changed = storage.change_account(by, ana.id, change, at(6)).await;
        changed.unwrap().unwrap();
    }
    let about = |name: &str| AuditRoom::new(room, name);
    let ana = || AuditAccount::new(ana.id, "Ana");
    let changes = vec![SettingChange {
        setting: PlaceSetting::Name,
        from: String::new(),
        to: "Sol".into(),
    }];
    let expected = [
        AuditAct::RoomMade(about("Quintal")),
        AuditAct::message_deleted(room, seq, "Bia"),
        AuditAct::RoomSet(about("Jardim")),
        AuditAct::RoomClosed(about("Jardim")),
        AuditAct::RoomOpened(about("Jardim")),
        AuditAct::PlaceSet { changes },
        AuditAct::AccountMade(ana()),
        AuditAct::AdministratorUnmade(ana()),
        AuditAct::SessionsEnded(ana()),
        AuditAct::AccountSuspended(ana()),
        AuditAct::AccountRestored(ana()),
        AuditAct::AdministratorMade(ana()),
        AuditAct::AccountRemoved(ana()),
    ];
    let found = noted(world, all()).await;
    let first = AuditAct::AccountMade(AuditAccount::new(chefe.id, "Chefe"));
    assert_eq!(found[0], (None, first));
    let rest = &found[1..];
    assert!(rest.iter().all(|(who, _)| who.as_deref() == Some("Chefe")));
    let acts: Vec<_> = rest.iter().map(|(_, act)| act.clone()).collect();
    assert_eq!(acts, expected);
    let entries = storage.audit(all()).await.unwrap();
    assert_eq!(entries[0].by.as_ref().unwrap().person, chefe.person);
    assert_eq!(entries[0].at, at(6));
}

async fn commands_are_noted_without_a_person(world: &World) {
    let room = world.room("Geral").await;
    let set = event(room, By::System, Act::SetRoom(state("Praça", true)));
    world.append_one(set).await.unwrap();
    let expected = [
        (None, AuditAct::RoomMade(AuditRoom::new(room, "Geral"))),
        (None, AuditAct::RoomSet(AuditRoom::new(room, "Praça"))),
    ];
    assert_eq!(noted(world, all()).await, expected);
}

async fn what_is_refused_and_what_people_do_themselves_is_not_noted(world: &World) {
    let storage = &world.storage;
    let room = world.room("Geral").await;
    let bia = world.guest(room, "Bia").await;
    let seq = world.post(&bia, room, "some").await;
    world.append_one(bia.delete(room, seq)).await.unwrap();
    let own = account("Bia", bia.person);
    storage.create_account(own).await.unwrap();
    let by = By::Administrator(SessionId(99));
    let made = storage.open_room(
        SessionId(99),
        RoomMakers::Accounts,
        state("Outra", true),
        at(1),
    );
    assert_eq!(made.await.unwrap(), Err(Denial::NoAccount));
    let set = event(room, by, Act::SetRoom(state("Praça", true)));
    world.append_one(set).await.unwrap_err();
    let set = storage.set_place(by, PlaceVersion(0), Place::default(), at(5));
    set.await.unwrap().unwrap_err();
    assert_eq!(noted(world, all()).await.len(), 1, "the room was made");
}

async fn entries_are_found(world: &World) {
    let storage = &world.storage;
    let (_, session) = administrator(world, "Ação", 500).await;
    for number in 1..=3 {
        let name = state(&format!("Sala {number}"), true);
        let made = storage.open_room(session, RoomMakers::Accounts, name, at(number));
        made.await.unwrap().unwrap();
    }
    world.room("Outra").await;
    let found = async |filter: AuditFilter| {
        let found = noted(world, filter).await;
        let found = found.iter().map(|(_, act)| act.target().to_owned());
        found.collect::<Vec<_>>()
    };
    let three = ["Sala 1", "Sala 2", "Sala 3"];
    for who in ["ação", "AÇÃO", "ÇÃ"] {
        let who = Some(who.to_owned());
        assert_eq!(found(AuditFilter { who, ..all() }).await, three);
    }
    for who in ["%", "\0", "x"] {
        let who = Some(who.to_owned());
        assert_eq!(found(AuditFilter { who, ..all() }).await, [""; 0]);
    }
    let act = |act: &str| AuditFilter {
        act: Some(act.to_owned()),
        ..all()
    };
    assert_eq!(found(act("account-made")).await, ["Ação"]);
    let rooms = found(act("room-made")).await;
    assert_eq!(rooms, ["Sala 1", "Sala 2", "Sala 3", "Outra"]);
    let then = AuditFilter {
        from: Some(at(2)),
        until: Some(at(3)),
        ..all()
    };
    assert_eq!(found(then).await, ["Sala 2"]);
    let second = AuditFilter {
        offset: 1,
        limit: 2,
        ..all()
    };
    assert_eq!(found(second).await, ["Sala 2", "Sala 3"]);
    let last = storage.audit(all()).await.unwrap()[1].id;
    let before = AuditFilter {
        before: Some(last),
        ..act("room-made")
    };
    assert_eq!(found(before).await, ["Sala 1", "Sala 2"]);
}

async fn old_entries_are_forgotten(world: &World) {
    let storage = &world.storage;
    let age = Duration::from_secs(10);
    world.room("Velha").await;
    storage.serve(Served(9_000)).await.unwrap();
    world.room("Nova").await;
    assert_eq!(storage.forget_audit(age).await.unwrap(), 0);
    storage.serve(Served(12_000)).await.unwrap();
    assert_eq!(storage.forget_audit(age).await.unwrap(), 1);
    let left = noted(world, all()).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].1.target(), "Nova");
}
