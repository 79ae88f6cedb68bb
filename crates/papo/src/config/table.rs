//! Every option, in one table. Its flag, its `PAPO_…` variable and its key in `papo.toml` come from
//! one name.

/// An option of the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Its key in `papo.toml`, from which the flag and the variable are made.
    pub(crate) key: &'static str,
    /// What stands for the value in the help.
    pub(crate) value_name: &'static str,
    /// Its default; empty means none.
    pub(crate) default: &'static str,
    /// What it does, in one sentence.
    pub(crate) help: &'static str,
}

pub(crate) const DATA_DIR: Setting = Setting {
    key: "data_dir",
    value_name: "DIR",
    default: "./data",
    help: "The folder with the database and papo.toml",
};
pub(crate) const DATABASE_URL: Setting = Setting {
    key: "database_url",
    value_name: "URL",
    default: "",
    help: "A database on a PostgreSQL server, in place of the one in the data folder: \
           postgres://user:password@host/database",
};
pub(crate) const LOG: Setting = Setting {
    key: "log",
    value_name: "FILTER",
    default: "info",
    help: "What to log: error, warn, info, debug or trace; also by part, such as info,papo_web=debug",
};
pub(crate) const LISTEN: Setting = Setting {
    key: "listen",
    value_name: "ADDRESS",
    default: "127.0.0.1:8000",
    help: "Where to listen; 0.0.0.0:8000 lets the whole network in, port 0 takes any free port",
};
pub(crate) const PUBLIC_URL: Setting = Setting {
    key: "public_url",
    value_name: "URL",
    default: "",
    help: "The address at which people reach this server behind a proxy: https://papo.example.org",
};
pub(crate) const TRUSTED_PROXIES: Setting = Setting {
    key: "trusted_proxies",
    value_name: "ADDRESSES",
    default: "",
    help: "The proxies whose X-Forwarded-For and X-Forwarded-Proto papo believes: addresses and ranges \
           such as 10.0.0.0/8, with commas between",
};
pub(crate) const RATE_LIMITS: Setting = Setting {
    key: "rate_limits",
    value_name: "on|off",
    default: "on",
    help: "Whether joining, sending, connecting, signing in and searching are limited; off is for benchmarks",
};
pub(crate) const MAX_CONNECTIONS: Setting = Setting {
    key: "max_connections",
    value_name: "NUMBER",
    default: "100000",
    help: "The most connections open at once, half of them of one address; further ones are refused for now",
};
pub(crate) const MAX_SESSION_CONNECTIONS: Setting = Setting {
    key: "max_session_connections",
    value_name: "NUMBER",
    default: "50",
    help: "The most sockets open at once of one browser",
};
pub(crate) const MAX_SOCKET_ROOMS: Setting = Setting {
    key: "max_socket_rooms",
    value_name: "NUMBER",
    default: "100",
    help: "The most rooms followed on one socket",
};
pub(crate) const MAX_MESSAGE_CHARACTERS: Setting = Setting {
    key: "max_message_characters",
    value_name: "NUMBER",
    default: "4000",
    help: "The longest message, in characters: up to 16000; older ones stay as they are",
};
pub(crate) const MAX_IN_FLIGHT: Setting = Setting {
    key: "max_in_flight",
    value_name: "NUMBER",
    default: "64",
    help: "The most unanswered requests on one socket: up to 1024; the server reads no more until it has answered some",
};
pub(crate) const MAX_RESUME_EVENTS: Setting = Setting {
    key: "max_resume_events",
    value_name: "NUMBER",
    default: "10000",
    help: "The most missed events that a client gets one by one; one that missed more starts over from a snapshot",
};
pub(crate) const HEARTBEAT_SECONDS: Setting = Setting {
    key: "heartbeat_seconds",
    value_name: "SECONDS",
    default: "25",
    help: "How often clients send a sign of life; less than the idle time of any proxy between",
};
pub(crate) const METRICS_READERS: Setting = Setting {
    key: "metrics_readers",
    value_name: "ADDRESSES",
    default: "",
    help: "Who may read /metrics: addresses and ranges with commas between; nobody else sees the page",
};
pub(crate) const STOP_SECONDS: Setting = Setting {
    key: "stop_seconds",
    value_name: "SECONDS",
    default: "20",
    help: "How long requests and sockets have to finish when the server stops",
};
pub(crate) const NATS_URL: Setting = Setting {
    key: "nats_url",
    value_name: "URLS",
    default: "",
    help: "Where NATS joins the nodes that share a database: nats://… or tls://…, several with commas between; \
           passwords are better kept in the variable or the file",
};
pub(crate) const NATS_CREDENTIALS: Setting = Setting {
    key: "nats_credentials",
    value_name: "FILE",
    default: "",
    help: "The credentials file (.creds) that lets papo into NATS",
};
pub(crate) const NATS_CA: Setting = Setting {
    key: "nats_ca",
    value_name: "FILE",
    default: "",
    help: "The certificate, in PEM form, of the authority that signed NATS's; in place of the system's authorities",
};

/// The options of every command.
pub(crate) const COMMON: [Setting; 3] = [DATA_DIR, DATABASE_URL, LOG];

/// The options of the server.
pub(crate) const SERVER: [Setting; 16] = [
    LISTEN,
    PUBLIC_URL,
    TRUSTED_PROXIES,
    RATE_LIMITS,
    MAX_CONNECTIONS,
    MAX_SESSION_CONNECTIONS,
    MAX_SOCKET_ROOMS,
    MAX_MESSAGE_CHARACTERS,
    MAX_IN_FLIGHT,
    MAX_RESUME_EVENTS,
    HEARTBEAT_SECONDS,
    METRICS_READERS,
    STOP_SECONDS,
    NATS_URL,
    NATS_CREDENTIALS,
    NATS_CA,
];

/// All options.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    COMMON.iter().chain(&SERVER)
}

impl Setting {
    /// `--public-url` without the dashes before it.
    pub(crate) fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Whether its value is secret.
    pub(crate) fn is_secret(&self) -> bool {
        *self == DATABASE_URL
    }

    /// `PAPO_PUBLIC_URL`.
    pub(crate) fn variable(&self) -> String {
        format!("PAPO_{}", self.key.to_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_readmes_name_exactly_the_options_there_are() {
        let existing: BTreeSet<String> = all()
            .map(|setting| {
                let (variable, flag) = (setting.variable(), setting.flag());
                match setting.default {
                    "" => format!("| `{variable}` | `--{flag}` | |"),
                    default => format!("| `{variable}` | `--{flag}` | `{default}` |"),
                }
            })
            .collect();
        for readme in ["README.md", "README.pt-BR.md"] {
            let path = format!("{}/../../{readme}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let rows = text.lines().filter(|line| line.starts_with("| `PAPO_"));
            let documented: BTreeSet<String> = rows
                .filter_map(|row| Some(row.rsplit_once(" | ")?.0.to_owned() + " |"))
                .map(|row| row.replace("|  |", "| |"))
                .collect();
            if !text.is_empty() {
                assert_eq!(documented, existing, "{readme}");
            }
        }
    }

    #[test]
    fn one_key_makes_the_flag_and_the_variable() {
        assert_eq!(PUBLIC_URL.flag(), "public-url");
        assert_eq!(PUBLIC_URL.variable(), "PAPO_PUBLIC_URL");
    }
}
