//! The addresses of NATS, and the secrets for it. No error and no `Debug` shows a secret.

use std::fmt;
use std::path::{Path, PathBuf};

use async_nats::{ConnectOptions, ServerAddr};

/// Why the settings can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NatsSettingsError {
    /// A text is no address.
    #[error(
        "address {0} isn't that of a NATS server, such as nats://nats.example.org:4222 or tls://nats.example.org"
    )]
    Address(usize),
    /// There is no address.
    #[error("there is no address in it")]
    NoAddress,
    /// Two addresses have different passwords or tokens.
    #[error(
        "the addresses have different users, passwords or tokens; all servers must take the same"
    )]
    Different,
    /// The credentials file can't be read.
    #[error("{}: {error}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        error: String,
    },
    /// The file is something else.
    #[error("{} isn't a NATS credentials file", .0.display())]
    Credentials(PathBuf),
    /// The file is something else.
    #[error("{} has no certificate in PEM form", .0.display())]
    Authority(PathBuf),
}

/// The addresses of NATS, and the secrets for it.
#[derive(Clone, PartialEq)]
pub struct NatsSettings {
    addresses: Vec<ServerAddr>,
    secret: Option<Secret>,
    credentials: Option<(PathBuf, String)>,
    authority: Option<PathBuf>,
}

#[derive(Clone, PartialEq, Eq)]
enum Secret {
    Password { user: String, password: String },
    Token(String),
}

impl NatsSettings {
    /// Parses a list of addresses with commas between: `nats://` or `tls://`, each perhaps with
    /// `user:password@` or `token@`.
    pub fn parse(list: &str) -> Result<Self, NatsSettingsError> {
        let mut settings = Self {
            addresses: Vec::new(),
            secret: None,
            credentials: None,
            authority: None,
        };
        let items = list.split(',').map(str::trim);
        for (number, item) in (1..).zip(items.filter(|item| !item.is_empty())) {
            let wrong = NatsSettingsError::Address(number);
            let (address, secret) = address(item).ok_or(wrong)?;
            if let Some(secret) = secret {
                if settings
                    .secret
                    .as_ref()
                    .is_some_and(|other| *other != secret)
                {
                    return Err(NatsSettingsError::Different);
                }
                settings.secret = Some(secret);
            }
            settings.addresses.push(address);
        }
        if settings.addresses.is_empty() {
            return Err(NatsSettingsError::NoAddress);
        }
        Ok(settings)
    }

    /// Adds the content of a credentials file (`.creds`).
    pub fn with_credentials(mut self, file: &Path) -> Result<Self, NatsSettingsError> {
        let text = read(file)?;
        if ConnectOptions::with_credentials(&text).is_err() {
            return Err(NatsSettingsError::Credentials(file.to_owned()));
        }
        self.credentials = Some((file.to_owned(), text));
        Ok(self)
    }

    /// Trusts the certificates of this authority, in place of the system's authorities. Then all
    /// connections are encrypted.
    pub fn with_authority(mut self, file: &Path) -> Result<Self, NatsSettingsError> {
        if !read(file)?.contains("-----BEGIN CERTIFICATE-----") {
            return Err(NatsSettingsError::Authority(file.to_owned()));
        }
        self.authority = Some(file.to_owned());
        Ok(self)
    }

    /// The addresses, without secrets.
    pub(super) fn addresses(&self) -> Vec<ServerAddr> {
        self.addresses.clone()
    }

    pub(super) fn options(&self) -> ConnectOptions {
        let is_encrypted =
            self.authority.is_some() || self.addresses.iter().any(ServerAddr::tls_required);
        // This holds for all servers, also those that the first one announces.
        let mut options = ConnectOptions::new().require_tls(is_encrypted);
        match &self.secret {
            Some(Secret::Password { user, password }) => {
                options = options.user_and_password(user.clone(), password.clone());
            }
            Some(Secret::Token(token)) => options = options.token(token.clone()),
            None => {}
        }
        if let Some((_, text)) = &self.credentials {
            options = match options.credentials(text) {
                Ok(options) => options,
                Err(_) => unreachable!("it was read by the same function"),
            };
        }
        if let Some(authority) = &self.authority {
            options = options.add_root_certificates(authority.clone());
        }
        options
    }
}

impl fmt::Debug for NatsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsSettings")
            .field("addresses", &self.addresses)
            .field(
                "credentials",
                &self.credentials.as_ref().map(|file| &file.0),
            )
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

/// An address without its secret, and the secret.
fn address(text: &str) -> Option<(ServerAddr, Option<Secret>)> {
    let address: ServerAddr = text.parse().ok()?;
    if !matches!(address.scheme(), "nats" | "tls") || address.host().is_empty() {
        return None;
    }
    let user = address.username().map(unescape).unwrap_or_default();
    let secret = match (user, address.password().map(unescape)) {
        (user, None) if user.is_empty() => None,
        (token, None) => Some(Secret::Token(token)),
        (user, Some(password)) => Some(Secret::Password { user, password }),
    };
    let mut url = address.into_inner();
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Some((ServerAddr::from_url(url).ok()?, secret))
}

/// Decodes `%40` and its like.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = || {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            u8::from_str_radix(digits, 16).ok()
        };
        let escaped = (*first == b'%').then(escaped).flatten();
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn read(file: &Path) -> Result<String, NatsSettingsError> {
    std::fs::read_to_string(file).map_err(|error| NatsSettingsError::Unreadable {
        file: file.to_owned(),
        error: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(settings: &NatsSettings) -> Vec<&str> {
        settings
            .addresses
            .iter()
            .map(ServerAddr::as_url_str)
            .collect()
    }

    #[test]
    fn a_list_of_addresses_is_read() {
        let settings = NatsSettings::parse("nats://a:4222, tls://b,c:4333").unwrap();
        assert_eq!(
            urls(&settings),
            ["nats://a:4222", "tls://b", "nats://c:4333"]
        );
        for (wrong, error) in [
            ("", NatsSettingsError::NoAddress),
            (" , ", NatsSettingsError::NoAddress),
            ("http://a", NatsSettingsError::Address(1)),
            ("nats://a,ws://b", NatsSettingsError::Address(2)),
            ("nats://a:99999", NatsSettingsError::Address(1)),
            ("nats://", NatsSettingsError::Address(1)),
            ("nats://x:y@a,nats://x:z@b", NatsSettingsError::Different),
        ] {
            assert_eq!(NatsSettings::parse(wrong), Err(error), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_taken_out_of_the_addresses_and_never_shown() {
        let password = NatsSettings::parse("nats://ana:s%40cret@a:4222,nats://b").unwrap();
        let (user, secret) = ("ana".to_owned(), "s@cret".to_owned());
        let expected = Secret::Password {
            user,
            password: secret,
        };
        assert!(password.secret == Some(expected));
        assert_eq!(urls(&password), ["nats://a:4222", "nats://b"]);
        let token = NatsSettings::parse("nats://t0ken@a").unwrap();
        assert!(token.secret == Some(Secret::Token("t0ken".into())));
        let elsewhere = NatsSettings::parse("nats://a:4222/?auth=s3cret#s3cret").unwrap();
        assert_eq!(urls(&elsewhere), ["nats://a:4222"]);
        let shown = format!("{password:?} {token:?}");
        assert!(
            !shown.contains("cret") && !shown.contains("t0ken"),
            "{shown}"
        );
        let error = NatsSettings::parse("nats://ana:secret@a:bad").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn files_that_are_something_else_are_refused() {
        let settings = NatsSettings::parse("nats://a").unwrap();
        let nowhere = Path::new("/nowhere/at.all");
        let missing = settings.clone().with_credentials(nowhere);
        assert!(matches!(missing, Err(NatsSettingsError::Unreadable { .. })));
        let this = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let other = settings.clone().with_credentials(&this);
        assert_eq!(other, Err(NatsSettingsError::Credentials(this.clone())));
        let other = settings.with_authority(&this);
        assert_eq!(other, Err(NatsSettingsError::Authority(this)));
    }
}
