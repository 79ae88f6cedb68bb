//! The names that guests can and can't have.

mod names;
mod roles;

use super::*;

fn is_like(guest: &str, account: &str) -> bool {
    let key = skeleton(account);
    Likeness::of(guest).keys().any(|other| other == key)
}

#[test]
fn whatever_unicode_takes_for_a_letter_is_like_it() {
    let mut passed = Vec::new();
    for character in (0..=0x0001_ffff).filter_map(char::from_u32) {
        let seen: String = unicode_security::skeleton(character.encode_utf8(&mut [0; 4])).collect();
        if seen.len() == 1 && seen.chars().all(|letter| letter.is_ascii_alphabetic()) {
            let (guest, account) = (format!("Zu{character}ko"), format!("Zu{seen}ko"));
            if !is_like(&guest, &account) {
                passed.push((character, seen));
            }
        }
    }
    assert_eq!(passed, []);
}

#[test]
fn a_skeleton_is_never_empty_and_one_of_its_own_likeness() {
    for name in ["Ana", "😀", "!!!", "†", "一", "ー", "º", "Admin", "﷽", "‿"] {
        assert!(!skeleton(name).is_empty(), "{name}");
        assert!(is_like(name, name), "{name}");
        assert!(!skeleton(name).contains(' '), "{name}");
    }
}

#[test]
fn numbers_tell_people_apart() {
    let keys: std::collections::HashSet<_> = (0..1_000)
        .map(|n| skeleton(&format!("Pessoa {n}")))
        .collect();
    assert_eq!(keys.len(), 1_000);
}
