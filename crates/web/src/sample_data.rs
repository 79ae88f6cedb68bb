//! Sample data for the pages: rooms, messages and names full of what an attacker may type.

use std::sync::Arc;

use askama::Template;
use papo_app::{MembershipState, OwnRoom};
use papo_domain::{
    Account, AccountId, AccountName, AuditAct, AuditEntry, AuditId, AuditPerson, AuditRoom, Level,
    Mark, MemberRole, Message, MessageText, PersonId, PersonSettings, PlaceSetting, Room,
    RoomDescription, RoomId, RoomKind, RoomName, RoomOverview, RoomTerms, Seq, SettingChange,
    Timestamp, Username,
};

use crate::language::Language;
use crate::page::Page;
use crate::reader::Reader;

/// A text that an attacker may type.
pub(crate) const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn page(language: Language) -> Page {
    Page {
        language,
        path: format!("/admin/rooms/?q={HOSTILE}"),
        now: at("2026-11-24T18:56:34.120Z"),
        reader: Reader::default(),
        settings: PersonSettings::default(),
        place: Arc::default(),
    }
}

/// A page whose reader is a guest, or has signed in.
pub(crate) fn page_of(language: Language, account: Option<&Account>) -> Page {
    let page = page(language);
    page.reader.is(account, Some(PersonSettings::default()));
    page
}

pub(crate) fn account(is_admin: bool) -> Account {
    Account {
        id: AccountId(1),
        name: AccountName::from_stored(HOSTILE.to_owned()),
        person: PersonId(1),
        is_admin,
        is_suspended: false,
        created_at: at("2026-01-31T00:00:00.000Z"),
    }
}

pub(crate) fn room(id: i64, description: &str) -> Room {
    Room {
        id: RoomId(id),
        name: RoomName::from_stored(format!("Sala {id} {HOSTILE}")),
        description: RoomDescription::from_stored(description.to_owned()),
        kind: match id {
            2 => RoomKind::Private,
            3 => RoomKind::Members,
            _ => RoomKind::Public,
        },
        is_announcement: id == 3,
        is_active: id != 2,
        created_at: at("2026-01-31T00:00:00.000Z"),
        last_seq: Seq(0),
    }
}

pub(crate) fn overviews() -> Vec<RoomOverview> {
    let overview = |id, description, last_activity| RoomOverview {
        room: room(id, description),
        last_activity,
    };
    vec![
        overview(1, HOSTILE, Some(at("2026-11-24T18:51:34.120Z"))),
        overview(2, "", None),
        overview(3, "Conversa livre", Some(at("2025-11-24T18:51:34.120Z"))),
    ]
}

/// A room that somebody is in.
pub(crate) fn own_room(id: i64, kind: RoomKind, unread: u32) -> OwnRoom {
    let room = room(id, "");
    let state = MembershipState {
        room: room.id,
        name: room.name,
        terms: RoomTerms {
            kind,
            is_announcement: id == 3,
            is_active: id != 2,
        },
        role: MemberRole::Moderator,
        username: Username::from_stored(HOSTILE.to_owned()),
        last_seq: Seq(3),
        last_activity: (id == 1).then(|| at("2026-11-24T18:51:34.120Z")),
        read: Seq(1),
        version: 0,
        unread,
        level: Level::default(),
    };
    OwnRoom { state, online: 2 }
}

pub(crate) fn message(mark: Option<Mark>) -> Message {
    Message {
        room: RoomId(1),
        seq: Seq(7),
        sender: PersonId(1),
        username: Username::from_stored(HOSTILE.to_owned()),
        mark,
        text: MessageText::from_stored(HOSTILE.to_owned()),
        timestamp: at("2026-11-24T18:56:34.120Z"),
        client_id: None,
        edited: Some(at("2026-11-24T18:57:34.120Z")),
    }
}

pub(crate) fn audit_entries() -> Vec<AuditEntry> {
    let changes = vec![SettingChange {
        setting: PlaceSetting::Name,
        from: String::new(),
        to: HOSTILE.to_owned(),
    }];
    let acts = [
        Some(AuditAct::PlaceSet { changes }),
        Some(AuditAct::RoomMade(AuditRoom::new(RoomId(1), HOSTILE))),
        Some(AuditAct::message_deleted(RoomId(1), Seq(7), HOSTILE)),
        None,
    ];
    let entry = |(id, act)| AuditEntry {
        id: AuditId(id),
        at: at("2026-11-24T18:51:34.120Z"),
        by: (id != 2).then(|| AuditPerson {
            person: PersonId(1),
            name: HOSTILE.to_owned(),
        }),
        act,
    };
    (1..).zip(acts).map(entry).collect()
}

pub(crate) fn html(template: &impl Template) -> String {
    template.render().unwrap()
}
