//! A `postgres://` URL: where a database is and how to reach it, parsed once.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long the server has to answer. Several servers share it.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// The connection ends when the server's machine confirms no bytes, or doesn't answer a probe, for
/// this long.
const DEAD_AFTER: Duration = Duration::from_secs(10);

/// A database on a PostgreSQL server. `Display` shows host, port and database, never the password.
#[derive(Clone)]
pub struct DatabaseUrl {
    pub(super) config: Config,
    pub(super) encryption: Encryption,
}

/// Whether and how the connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Encryption {
    /// As `sslmode` says. Nothing checks who answers, as with any client of PostgreSQL.
    Unverified,
    /// Always, and the server's certificate must be for its name, and of an authority in this file,
    /// or that the system trusts.
    Verified(Option<PathBuf>),
}

/// Why a text is no URL of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// It begins otherwise.
    #[error("it must begin with postgres:// or postgresql://")]
    Scheme,
    /// It names no host.
    #[error("it names no host")]
    NoHost,
    /// Its password contains an `@`, so the rest of it looks like the host.
    #[error("there is an @ too many; one in the password is written as %40")]
    At,
    /// It names no database.
    #[error("it names no database, as in postgres://user@host/database")]
    NoDatabase,
    /// An unknown value of `sslmode`.
    #[error("sslmode is disable, prefer, require or verify-full")]
    Encryption,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl DatabaseUrl {
    /// Whether this text begins like such a URL.
    pub fn is_one(text: &str) -> bool {
        ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
    }

    /// Parses a URL as `psql` does, with the parameters `sslmode` (`disable`, `prefer`, `require`,
    /// `verify-full`), `sslrootcert`, `options`, and those of [`tokio_postgres::Config`].
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        if !Self::is_one(text) {
            return Err(DatabaseUrlError::Scheme);
        }
        let (text, encryption) = take_encryption(text)?;
        // The text of this error may quote a part of the URL.
        let config = text.parse::<Config>();
        let mut config = config.map_err(|error| DatabaseUrlError::Other(reason(&error)))?;
        let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX);
        if hosts == 0 {
            return Err(DatabaseUrlError::NoHost);
        }
        let is_torn = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
        if config.get_hosts().iter().any(is_torn) {
            return Err(DatabaseUrlError::At);
        }
        if hosts > 1 {
            // The other servers are its replicas.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(DatabaseUrlError::NoDatabase);
        }
        config.connect_timeout(CONNECT_LIMIT / hosts);
        config.tcp_user_timeout(DEAD_AFTER);
        config.keepalives_idle(DEAD_AFTER);
        config.keepalives_interval(DEAD_AFTER / 3);
        config.keepalives_retries(3);
        Ok(Self { config, encryption })
    }

    /// Host and port, for each that the URL names.
    fn places(&self) -> Vec<String> {
        let ports = self.config.get_ports();
        let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let hosts = self.config.get_hosts().iter().enumerate();
        hosts
            .map(|(index, host)| match host {
                Host::Tcp(name) => format!("{name} port {}", port(index)),
                #[cfg(unix)]
                Host::Unix(folder) => format!("{} port {}", folder.display(), port(index)),
            })
            .collect()
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.config.get_dbname().unwrap_or_default();
        write!(f, "database {database} at {}", self.places().join(", "))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// Removes the parameters that the library doesn't know.
fn take_encryption(text: &str) -> Result<(String, Encryption), DatabaseUrlError> {
    let Some((before, parameters)) = text.split_once('?') else {
        return Ok((text.to_owned(), Encryption::Unverified));
    };
    let (mut verified, mut authorities) = (false, None);
    let mut kept = Vec::new();
    for parameter in parameters.split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", "verify-full")) => {
                verified = true;
                kept.push("sslmode=require");
            }
            Some(("sslmode", mode)) if !["disable", "prefer", "require"].contains(&mode) => {
                return Err(DatabaseUrlError::Encryption);
            }
            Some(("sslrootcert", file)) => {
                let file = percent_decode_str(file).decode_utf8();
                let file =
                    file.map_err(|_| DatabaseUrlError::Other("sslrootcert isn't UTF-8".into()))?;
                authorities = Some(PathBuf::from(file.into_owned()));
            }
            _ => kept.push(parameter),
        }
    }
    let encryption = if verified {
        Encryption::Verified(authorities)
    } else if authorities.is_some() {
        let text = "sslrootcert is for sslmode=verify-full".to_owned();
        return Err(DatabaseUrlError::Other(text));
    } else {
        Encryption::Unverified
    };
    Ok((format!("{before}?{}", kept.join("&")), encryption))
}

fn reason(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(source) if source.to_string().starts_with("unknown option") => source.to_string(),
        Some(source) if source.to_string().starts_with("invalid value") => source.to_string(),
        _ => "it can't be understood; what isn't a letter or digit in a password is written %XX"
            .into(),
    }
}

impl DatabaseUrl {
    /// Whether connections are never encrypted.
    pub(super) fn is_plain(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Disable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
        DatabaseUrl::parse(text)
    }

    #[test]
    fn what_is_shown_has_no_password() {
        let url = parse("postgres://papo:s3cr3t@db.example:6432/chat?sslmode=require").unwrap();
        assert_eq!(url.to_string(), "database chat at db.example port 6432");
        assert!(!format!("{url:?}").contains("s3cr3t"));
        let url = parse("postgresql://papo@%2Fvar%2Frun%2Fpostgresql/chat").unwrap();
        assert_eq!(
            url.to_string(),
            "database chat at /var/run/postgresql port 5432"
        );
        let several = parse("postgres://papo@one,two:7000/chat").unwrap();
        assert_eq!(
            several.to_string(),
            "database chat at one port 5432, two port 7000"
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (text, says) in [
            ("mysql://papo:s3cr3t@db/chat", "postgres://"),
            ("postgres://papo:s3cr3t@db", "no database"),
            ("postgres:///chat", "no host"),
            ("postgres://papo:x@s3cr3t@db/chat", "%40"),
            (
                "postgres://papo:s3cr3t@db/chat?sslmode=verify-ca",
                "verify-full",
            ),
            ("postgres://papo:s3cr3t@db/chat?s3cr3t", "understood"),
            ("postgres://papo:s3cr3t@db/chat?colour=blue", "colour"),
            ("postgres://papo:s3cr3t@db:port/chat", "port"),
            (
                "postgres://papo:s3cr3t@db/chat?sslrootcert=ca.pem",
                "verify-full",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("s3cr3t"), "{text}: {error}");
        }
    }

    #[test]
    fn of_several_servers_the_one_that_can_be_written_to_is_meant() {
        let several = parse("postgres://papo@one,two/chat").unwrap();
        let wanted = several.config.get_target_session_attrs();
        assert_eq!(wanted, TargetSessionAttrs::ReadWrite);
        let limit = several.config.get_connect_timeout();
        assert_eq!(limit, Some(&(CONNECT_LIMIT / 2)));
    }

    #[test]
    fn certificates_are_checked_when_asked() {
        let url = parse("postgres://papo@db/chat?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem");
        let url = url.unwrap();
        assert_eq!(
            url.encryption,
            Encryption::Verified(Some("/etc/ca.pem".into()))
        );
        assert_eq!(url.config.get_ssl_mode(), SslMode::Require);
        let url = parse("postgres://papo@db/chat?sslmode=disable").unwrap();
        assert!(url.is_plain());
    }
}
