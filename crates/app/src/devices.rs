//! Browsers that have signed in before. Each keeps a mark, so that it has a limit of its own.
//! Strangers who try passwords of the same account, from the same address or from everywhere, don't
//! use it up.
//!
//! The database's key signs a mark, so every node knows it and none stores it. It holds for one
//! name and for the password that was typed. After a change of password, a browser with the old
//! mark is a stranger again. A mark opens nothing without the password.
//!
//! Each mark has a rate of its own. A browser that has used that up counts as a stranger. So a
//! stolen mark never harms its owner, and a forged one counts as none. OWASP describes this as
//! device cookies.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use papo_domain::{AccountName, RelayKey, skeleton};
use papo_storage::StoredPassword;
use sha2::Sha256;

use crate::Random;

/// Separates these marks from other uses of the key.
const LABEL: &[u8] = b"papo device v2";
/// Separates the part of a mark that stands for the password.
const PASSWORD_LABEL: &[u8] = b"papo device password";
/// Random bytes of a mark.
const NONCE: usize = 16;
/// Bytes of a mark that stand for the password.
const PASSWORD: usize = 16;
/// Bytes that prove a mark.
const PROOF: usize = 32;
/// How many marks a browser keeps. Each person of a shared browser has one.
const KEPT: usize = 4;
/// The separator of marks.
const BETWEEN: char = '.';

/// Makes and checks marks.
pub(crate) struct Devices {
    keyed: Hmac<Sha256>,
}

/// A mark that holds for a name, as long as the password is the one of then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Device {
    nonce: [u8; NONCE],
    password: [u8; PASSWORD],
}

impl Devices {
    pub(crate) fn new(key: &RelayKey) -> Self {
        let keyed = Hmac::new_from_slice(key.bytes()).expect("HMAC takes keys of every length");
        Self { keyed }
    }

    /// The mark for this name among those that a browser keeps.
    pub(crate) fn find(&self, kept: &str, name: &AccountName) -> Option<Device> {
        kept.split(BETWEEN).take(KEPT).find_map(|mark| {
            let (device, proof) = read(mark)?;
            let right = self.proof(&device, name).verify_slice(&proof);
            right.is_ok().then_some(device)
        })
    }

    /// Whether the mark was made when the account had this password.
    pub(crate) fn is_of(&self, device: &Device, password: &StoredPassword) -> bool {
        // The comparison needs no constant time: the mark's proof holds, so the server made it.
        self.stand_in(&device.nonce, password) == device.password
    }

    /// What a browser keeps after a sign-in under this name: a new mark, and its marks for other
    /// names.
    pub(crate) fn keep(
        &self,
        kept: &str,
        name: &AccountName,
        password: &StoredPassword,
        random: &Random,
    ) -> String {
        let nonce: [u8; NONCE] = random.bytes();
        let device = Device {
            nonce,
            password: self.stand_in(&nonce, password),
        };
        let proof = self.proof(&device, name).finalize().into_bytes();
        let mark = [&device.nonce[..], &device.password[..], &proof[..]].concat();
        let mark = BASE64URL_NOPAD.encode(&mark);
        let others = kept.split(BETWEEN).take(KEPT);
        let others =
            others.filter(|other| read(other).is_some() && self.find(other, name).is_none());
        let all: Vec<&str> = std::iter::once(mark.as_str()).chain(others).collect();
        all[..all.len().min(KEPT)].join(&BETWEEN.to_string())
    }

    fn proof(&self, device: &Device, name: &AccountName) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(LABEL);
        mac.update(&device.nonce);
        mac.update(&device.password);
        mac.update(skeleton(name.as_str()).as_bytes());
        mac
    }

    /// The part of a mark that stands for the password. Without the key it reveals nothing of it.
    fn stand_in(&self, nonce: &[u8; NONCE], password: &StoredPassword) -> [u8; PASSWORD] {
        let mut mac = self.keyed.clone();
        mac.update(PASSWORD_LABEL);
        mac.update(nonce);
        mac.update(password.0.as_bytes());
        let mac = mac.finalize().into_bytes();
        *mac.first_chunk().expect("SHA-256 has more bytes")
    }
}

/// Parses a mark and its proof, for whatever name.
fn read(mark: &str) -> Option<(Device, [u8; PROOF])> {
    let bytes = BASE64URL_NOPAD.decode(mark.as_bytes()).ok()?;
    let (nonce, rest) = bytes.split_first_chunk::<NONCE>()?;
    let (password, proof) = rest.split_first_chunk::<PASSWORD>()?;
    let device = Device {
        nonce: *nonce,
        password: *password,
    };
    Some((device, proof.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(key: u8) -> Devices {
        Devices::new(&RelayKey::new([key; 32]))
    }

    fn name(text: &str) -> AccountName {
        AccountName::parse(text).unwrap()
    }

    fn hash(text: &str) -> StoredPassword {
        StoredPassword(text.into())
    }

    /// What a browser keeps after a sign-in, if it kept this before.
    fn keep(devices: &Devices, kept: &str, whose: &str) -> String {
        devices.keep(kept, &name(whose), &hash("one"), &Random::system())
    }

    #[test]
    fn a_mark_holds_for_its_name_and_database_only() {
        let kept = keep(&devices(1), "", "Ana");
        assert!(devices(1).find(&kept, &name("Ana")).is_some());
        // For the limits this is the same account.
        assert!(devices(1).find(&kept, &name("ANA")).is_some());
        assert_eq!(devices(1).find(&kept, &name("Bia")), None);
        assert_eq!(devices(2).find(&kept, &name("Ana")), None);
    }

    #[test]
    fn a_mark_is_of_the_password_that_was_typed() {
        let devices = devices(1);
        let kept = keep(&devices, "", "Ana");
        let device = devices.find(&kept, &name("Ana")).unwrap();
        assert!(devices.is_of(&device, &hash("one")));
        assert!(!devices.is_of(&device, &hash("two")));
    }

    #[test]
    fn what_is_no_mark_is_none_and_is_not_kept() {
        let devices = devices(1);
        let mark = keep(&devices, "", "Ana");
        for at in [0, 30, 60] {
            let mut changed = mark.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(devices.find(&changed, &name("Ana")), None, "{at}");
        }
        for strange in ["", ".", "a.b", "\u{e9}", &mark[1..]] {
            assert_eq!(devices.find(strange, &name("Ana")), None, "{strange}");
        }
        let kept = keep(&devices, "x; Domain=evil.a\u{e9}", "Ana");
        assert_eq!(kept.split(BETWEEN).count(), 1);
    }

    #[test]
    fn a_shared_browser_keeps_the_last_marks() {
        let devices = devices(1);
        let names = ["a", "b", "c", "d", "e"];
        let kept = names
            .iter()
            .fold(String::new(), |kept, whose| keep(&devices, &kept, whose));
        let known = names.map(|whose| devices.find(&kept, &name(whose)).is_some());
        assert_eq!(known, [false, true, true, true, true]);
        let again = keep(&devices, &kept, "e");
        assert_eq!(again.split(BETWEEN).count(), KEPT);
        assert!(devices.find(&again, &name("b")).is_some());
    }
}
