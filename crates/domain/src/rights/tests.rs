use super::*;

/// The table once more, as letters: `y` yes, `r` no room, `s` no session, `j` not joined, `a`
/// somebody else's message, `m` no moderator, `o` read only, `b` banned. The columns are the roles
/// in the order of [`Role::ALL`], the lines the rights in that of [`Right::ALL`].
const PUBLIC: [&str; 10] = [
    "yyyyyyyyy",
    "yyyyyyysb",
    "sjjyyyjsb",
    "sjjyyyjsb",
    "sjjyyyjsb",
    "sjjaayaab",
    "sjjayyyyb",
    "sjjmymyyb",
    "sjjmymyyb",
    "sjjmymyyb",
];
const MEMBERS: [&str; 10] = [
    "rryyyyyyy",
    "rryyyyysb",
    "rrjyyyjsb",
    "rrjyyyjsb",
    "rrjyyyjsb",
    "rrjaayaab",
    "rrjayyyyb",
    "rrjmymyyb",
    "rrjmymyyb",
    "rrjmymyyb",
];
const PRIVATE: [&str; 10] = [
    "rrryyyyyr",
    "rrryyyysr",
    "rrryyyrsr",
    "rrryyyrsr",
    "rrryyyrsr",
    "rrraayrar",
    "rrrayyryr",
    "rrrmymryr",
    "rrrmymryr",
    "rrrmymyyr",
];
const DIRECT: [&str; 10] = [
    "rrryyyryr",
    "rrryyyrsr",
    "rrryyyrsr",
    "rrryyyrsr",
    "rrryyyrsr",
    "rrraayrar",
    "rrraayryr",
    "rrrmmmrmr",
    "rrrmmmrmr",
    "rrrmmmryr",
];
const ARCHIVED_PUBLIC: [&str; 10] = [
    "rrryyyyyr",
    "rrrooorrr",
    "rrryyyrrr",
    "rrrooorrr",
    "rrrooorrr",
    "rrrooorrr",
    "rrroyoyyr",
    "rrrmomrrr",
    "rrrmymyyr",
    "rrrmymyyr",
];
const ARCHIVED_PRIVATE: [&str; 10] = [
    "rrryyyyyr",
    "rrrooorrr",
    "rrryyyrrr",
    "rrrooorrr",
    "rrrooorrr",
    "rrrooorrr",
    "rrroyoryr",
    "rrrmomrrr",
    "rrrmymryr",
    "rrrmymyyr",
];
const ARCHIVED_DIRECT: [&str; 10] = [
    "rrryyyryr",
    "rrrooorrr",
    "rrryyyrrr",
    "rrrooorrr",
    "rrrooorrr",
    "rrrooorrr",
    "rrroaoryr",
    "rrrmmmrrr",
    "rrrmmmrmr",
    "rrrmmmryr",
];

const fn terms(kind: RoomKind, is_active: bool) -> RoomTerms {
    RoomTerms {
        kind,
        is_announcement: false,
        is_active,
    }
}

fn letter(answer: Result<(), Denial>) -> char {
    match answer {
        Ok(()) => 'y',
        Err(Denial::NoRoom) => 'r',
        Err(Denial::NoSession) => 's',
        Err(Denial::NoAccount) => 'c',
        Err(Denial::NotJoined) => 'j',
        Err(Denial::NotYours) => 'a',
        Err(Denial::NotModerator) => 'm',
        Err(Denial::NotAdministrator) => 'd',
        Err(Denial::ReadOnly) => 'o',
        Err(Denial::Banned) => 'b',
    }
}

fn line(right: Right, terms: RoomTerms) -> String {
    Role::ALL
        .map(|role| letter(role.may(right, terms)))
        .iter()
        .collect()
}

fn all_terms() -> Vec<RoomTerms> {
    let mut all = Vec::new();
    for kind in RoomKind::ALL {
        for (is_active, is_announcement) in
            [(true, false), (true, true), (false, false), (false, true)]
        {
            all.push(RoomTerms {
                kind,
                is_announcement,
                is_active,
            });
        }
    }
    all
}

#[test]
fn the_table_says_who_may_do_what() {
    for (terms, table) in [
        (terms(RoomKind::Public, true), PUBLIC),
        (terms(RoomKind::Members, true), MEMBERS),
        (terms(RoomKind::Private, true), PRIVATE),
        (terms(RoomKind::Direct, true), DIRECT),
        (terms(RoomKind::Public, false), ARCHIVED_PUBLIC),
        (terms(RoomKind::Members, false), ARCHIVED_PUBLIC),
        (terms(RoomKind::Private, false), ARCHIVED_PRIVATE),
        (terms(RoomKind::Direct, false), ARCHIVED_DIRECT),
    ] {
        for (right, expected) in Right::ALL.into_iter().zip(table) {
            assert_eq!(line(right, terms), expected, "{right:?}, {terms:?}");
        }
    }
}

#[test]
fn in_an_announcement_room_only_moderators_post_and_nothing_else_differs() {
    for terms in all_terms()
        .into_iter()
        .filter(|terms| terms.is_announcement)
    {
        let usual = RoomTerms {
            is_announcement: false,
            ..terms
        };
        for right in Right::ALL {
            for role in Role::ALL {
                let expected = match (right, role) {
                    (Right::Post, Role::Member | Role::Author) => Err(Denial::ReadOnly),
                    _ => role.may(right, usual),
                };
                assert_eq!(
                    role.may(right, terms),
                    expected,
                    "{right:?}, {role:?}, {terms:?}"
                );
            }
        }
    }
}

/// A role that may not see a room gets the same denial as for a room that doesn't exist.
#[test]
fn who_may_not_see_a_room_is_not_told_that_it_is_there() {
    for terms in all_terms() {
        let blind = Role::ALL.into_iter();
        for role in blind.filter(|role| role.may(Right::See, terms).is_err()) {
            for right in Right::ALL {
                let told = role.may(right, terms);
                assert_eq!(told, Err(Denial::NoRoom), "{right:?}, {role:?}, {terms:?}");
            }
        }
    }
}

#[test]
fn administrators_read_no_room_and_change_no_private_or_direct_messages() {
    for terms in all_terms() {
        let closed = matches!(terms.kind, RoomKind::Private | RoomKind::Direct);
        assert!(Role::Administrator.may(Right::Read, terms).is_err());
        let deletes = Role::Administrator.may(Right::Delete, terms);
        assert_eq!(deletes.is_err(), closed, "{terms:?}");
    }
}

#[test]
fn ones_own_message_gives_a_member_and_a_moderator_the_rights_of_its_author() {
    for terms in all_terms() {
        for right in [Right::Edit, Right::Delete] {
            for role in Role::ALL {
                assert_eq!(role.may_change(right, false, terms), role.may(right, terms));
                let is_in_it = matches!(role, Role::Member | Role::Moderator);
                let may = role.may(right, terms);
                let own = if may.is_err() && is_in_it {
                    Role::Author.may(right, terms)
                } else {
                    may
                };
                assert_eq!(
                    role.may_change(right, true, terms),
                    own,
                    "{role:?}, {terms:?}"
                );
            }
        }
    }
}

#[test]
fn guests_join_nothing_while_they_are_not_admitted() {
    for terms in all_terms() {
        for role in Role::ALL {
            let may = role.may(Right::Join, terms);
            assert_eq!(role.may_join(terms, true), may);
            let expected = match role {
                Role::Stranger | Role::Guest if may.is_ok() => Err(Denial::NoAccount),
                _ => may,
            };
            assert_eq!(role.may_join(terms, false), expected, "{role:?}, {terms:?}");
        }
    }
}

#[test]
fn only_administrators_and_the_system_administer_and_who_may_makes_rooms() {
    for role in Role::ALL {
        let administers = matches!(role, Role::Administrator | Role::System);
        let expected = administers.then_some(()).ok_or(Denial::NotAdministrator);
        assert_eq!(role.may_administer(), expected, "{role:?}");
        let makes = |makers| role.may_open(makers).is_ok();
        assert_eq!(makes(RoomMakers::Administrators), administers, "{role:?}");
        let with_account = administers || role == Role::Account;
        assert_eq!(makes(RoomMakers::Accounts), with_account, "{role:?}");
    }
}
