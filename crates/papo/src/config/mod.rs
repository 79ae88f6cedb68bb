//! The configuration.

mod sources;
pub(crate) mod table;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Result, bail};
use papo_app::Settings;
use papo_channel_layer::nats::NatsSettings;
use papo_domain::MESSAGE_CHARACTERS;
use papo_storage::postgres::{DatabaseUrl, DatabaseUrlError};
use papo_web::{AddressRange, Origin, WebSettings};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

pub(crate) use sources::{Sources, Values, file_path, unknown_variables};

/// The upper limit of numbers without one of their own.
const MOST: usize = 4_294_967_295;
/// The most requests in flight that can be set. Each holds a message in memory.
const IN_FLIGHT: usize = 1_024;

/// The values of all options, checked.
#[derive(Debug)]
pub(crate) struct Config {
    /// The folder with the database.
    pub(crate) data_dir: PathBuf,
    /// The database's server; `None` when the database is in the folder.
    pub(crate) database_url: Option<DatabaseUrl>,
    /// The option that names the database's server, for messages.
    pub(crate) database_origin: String,
    /// What to log.
    pub(crate) log: String,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// The HTTP server.
    pub(crate) web: WebSettings,
    /// The application.
    pub(crate) app: Settings,
    /// The NATS that joins the nodes.
    pub(crate) nats: Option<NatsSettings>,
    /// The option that names NATS, for messages.
    pub(crate) nats_origin: String,
}

impl Config {
    /// Combines the flags, the variables and the file of the data folder.
    pub(crate) fn load(flags: Values) -> Result<Self> {
        let mut sources = Sources {
            flags,
            variables: sources::variables()?,
            file: Values::new(),
        };
        let data_dir: PathBuf = sources.required(&table::DATA_DIR)?;
        // A relative path in a message would hide which folder it is.
        let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
        sources.file = sources::file(&data_dir)?;
        Self::from_sources(data_dir, &sources)
    }

    fn from_sources(data_dir: PathBuf, sources: &Sources) -> Result<Self> {
        let seconds = |setting| -> Result<Duration> {
            let UpTo::<MOST>(seconds) = sources.required(setting)?;
            Ok(Duration::from_secs(seconds as u64))
        };
        let count = |setting| -> Result<usize> {
            let UpTo::<MOST>(count) = sources.required(setting)?;
            Ok(count)
        };
        let proxies: Option<Ranges> = sources.optional(&table::TRUSTED_PROXIES)?;
        let readers: Option<Ranges> = sources.optional(&table::METRICS_READERS)?;
        let public_url: Option<PublicUrl> = sources.optional(&table::PUBLIC_URL)?;
        let Listen(listen) = sources.required(&table::LISTEN)?;
        let database_url: Option<Server> = sources.optional(&table::DATABASE_URL)?;
        let LogFilter(log) = sources.required(&table::LOG)?;
        let UpTo::<MESSAGE_CHARACTERS>(message_characters) =
            sources.required(&table::MAX_MESSAGE_CHARACTERS)?;
        let UpTo::<IN_FLIGHT>(in_flight) = sources.required(&table::MAX_IN_FLIGHT)?;
        let Switch(rate_limits) = sources.required(&table::RATE_LIMITS)?;
        let web = WebSettings {
            trusted_proxies: proxies.map_or_else(Vec::new, |ranges| ranges.0),
            public_url: public_url.map(|url| url.0),
            max_connections: count(&table::MAX_CONNECTIONS)?,
            metrics_readers: readers.map_or_else(Vec::new, |ranges| ranges.0),
            stop_limit: seconds(&table::STOP_SECONDS)?,
            ..WebSettings::default()
        };
        let app = Settings {
            rate_limits,
            session_connections: count(&table::MAX_SESSION_CONNECTIONS)?,
            rooms: count(&table::MAX_SOCKET_ROOMS)?,
            message_characters,
            in_flight,
            resume_events: count(&table::MAX_RESUME_EVENTS)?,
            heartbeat: seconds(&table::HEARTBEAT_SECONDS)?,
            ..Settings::default()
        };
        Ok(Self {
            data_dir,
            database_url: database_url.map(|Server(url)| url),
            database_origin: sources.origin(&table::DATABASE_URL),
            log,
            listen,
            web,
            app,
            nats: nats(sources)?,
            nats_origin: sources.origin(&table::NATS_URL),
        })
    }
}

fn nats(sources: &Sources) -> Result<Option<NatsSettings>> {
    let files = [&table::NATS_CREDENTIALS, &table::NATS_CA];
    let Some(nats) = sources.secret(&table::NATS_URL, NatsSettings::parse)? else {
        for file in files {
            if sources.optional::<PathBuf>(file)?.is_some() {
                bail!(
                    "{} is given, and {} isn't",
                    sources.origin(file),
                    sources.origin_beside(file, &table::NATS_URL)
                );
            }
        }
        return Ok(None);
    };
    let with = |nats: NatsSettings| move |file: &str| nats.with_credentials(Path::new(file));
    let credentials = sources.secret(&table::NATS_CREDENTIALS, with(nats.clone()))?;
    let nats = credentials.unwrap_or(nats);
    let with = |nats: NatsSettings| move |file: &str| nats.with_authority(Path::new(file));
    let authority = sources.secret(&table::NATS_CA, with(nats.clone()))?;
    Ok(Some(authority.unwrap_or(nats)))
}

/// A number from 1 to the largest.
#[derive(Debug)]
struct UpTo<const LARGEST: usize>(usize);

impl<const LARGEST: usize> FromStr for UpTo<LARGEST> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(number) if (1..=LARGEST).contains(&number) => Ok(Self(number)),
            _ => Err(format!("not a whole number from 1 to {LARGEST}")),
        }
    }
}

/// On or off.
struct Switch(bool);

impl FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" | "true" => Ok(Self(true)),
            "off" | "false" => Ok(Self(false)),
            _ => Err("neither on nor off"),
        }
    }
}

/// An address with a port.
struct Listen(SocketAddr);

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = text.replace("localhost", "127.0.0.1").parse();
        address.map(Self).map_err(
            |_| "not an address with a port, such as 127.0.0.1:8000, 0.0.0.0:80 or [::]:8000",
        )
    }
}

/// A database on a server.
struct Server(DatabaseUrl);

impl FromStr for Server {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DatabaseUrl::parse(text).map(Self)
    }
}

/// A filter of `tracing`: levels, and parts with a level. An unknown word would count as the name
/// of a part, and silence all others, so it is refused.
struct LogFilter(String);

impl FromStr for LogFilter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        let is_clear = |item: &&str| item.contains(['=', '[', '}']) || is_level(item);
        let filter = items.join(",");
        let is_filter = EnvFilter::builder().parse(&filter).is_ok();
        if !is_filter || !items.iter().all(is_clear) {
            return Err(
                "neither a level (error, warn, info, debug, trace or off) nor levels of parts, such as info,papo_web=debug",
            );
        }
        Ok(Self(filter))
    }
}

fn is_level(text: &str) -> bool {
    text.parse::<LevelFilter>().is_ok()
}

/// A list of addresses and ranges.
struct Ranges(Vec<AddressRange>);

impl FromStr for Ranges {
    type Err = papo_web::AddressRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let items = text.split([',', ' ']).filter(|item| !item.is_empty());
        items.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// An origin, perhaps with a slash after it.
struct PublicUrl(Origin);

impl FromStr for PublicUrl {
    type Err = papo_web::OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_suffix('/').unwrap_or(text).parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_of_the_log_is_levels_and_parts_with_theirs() {
        let filter = |text: &str| text.parse().map(|LogFilter(filter)| filter);
        for text in ["info", "OFF", "papo_web=debug", "warn,papo_app::log=trace"] {
            assert_eq!(filter(text).as_deref(), Ok(text));
        }
        let expected = Ok("info,papo_web=debug");
        assert_eq!(filter("info, papo_web=debug").as_deref(), expected);
        for text in ["bogus", "info,papo_web", "papo_web=loud", "verbose,info"] {
            assert!(filter(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_parts() {
        let config = Config::from_sources("data".into(), &Sources::default()).unwrap();
        let (app, web) = (Settings::default(), WebSettings::default());
        assert_eq!(config.listen, SocketAddr::from(([127, 0, 0, 1], 8000)));
        assert_eq!(config.app.rate_limits, app.rate_limits);
        assert_eq!(config.app.session_connections, app.session_connections);
        assert_eq!(config.app.rooms, app.rooms);
        assert_eq!(config.app.message_characters, app.message_characters);
        assert_eq!(config.app.in_flight, app.in_flight);
        assert_eq!(config.app.resume_events, app.resume_events);
        assert_eq!(config.app.heartbeat, app.heartbeat);
        assert_eq!(config.web.max_connections, web.max_connections);
        assert_eq!(config.web.stop_limit, web.stop_limit);
    }

    #[test]
    fn a_number_is_from_1_to_the_largest() {
        for good in ["1", "16", "0017"] {
            good.parse::<UpTo<17>>().unwrap();
        }
        for bad in ["", "0", "18", "-1", "1.5", "ten", "99999999999999999999"] {
            let error = bad.parse::<UpTo<17>>().unwrap_err();
            assert_eq!(error, "not a whole number from 1 to 17", "{bad}");
        }
    }
}
