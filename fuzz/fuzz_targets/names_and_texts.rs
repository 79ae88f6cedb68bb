//! What people type: a value that is accepted keeps the rules, and is accepted again as itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use papo_domain::{
    AccountName, ClientId, Epoch, MESSAGE_CHARACTERS, MessageText, RoomDescription, RoomName, USERNAME_BYTES, Username,
    skeleton,
};

fuzz_target!(|text: &str| {
    if let Ok(name) = Username::parse(text) {
        assert!(name.as_str().len() <= USERNAME_BYTES && !name.as_str().trim().is_empty());
        assert_eq!(Username::parse(name.as_str()).as_ref(), Ok(&name));
        // Every accepted name has a skeleton.
        assert!(!skeleton(name.as_str()).is_empty());
    }
    if let Ok(message) = MessageText::parse(text) {
        assert!(message.as_str().chars().count() <= MESSAGE_CHARACTERS && !message.as_str().trim().is_empty());
        assert_eq!(MessageText::parse(message.as_str()).as_ref(), Ok(&message));
    }
    if let Ok(name) = RoomName::parse(text) {
        assert_eq!(RoomName::parse(name.as_str()).as_ref(), Ok(&name));
    }
    if let Ok(description) = RoomDescription::parse(text) {
        assert_eq!(RoomDescription::parse(description.as_str()).as_ref(), Ok(&description));
    }
    if let Ok(name) = AccountName::parse(text) {
        assert_eq!(AccountName::parse(name.as_str()).as_ref(), Ok(&name));
    }
    if let Ok(id) = text.parse::<ClientId>() {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(epoch) = text.parse::<Epoch>() {
        assert_eq!(epoch.to_string().parse::<Epoch>().as_ref(), Ok(&epoch));
    }
});
