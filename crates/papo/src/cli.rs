//! The command line: its commands, and its flags from the table of options. `room.rs`, `user.rs`,
//! `place.rs` and `job.rs` define their own commands.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Parser, Subcommand};

use crate::audit::AuditFlags;
use crate::config::table::{self, Setting};
use crate::config::{Config, Values};
use crate::job::JobCommand;
use crate::outcome::Outcome;
use crate::place::PlaceCommand;
use crate::room::RoomCommand;
use crate::user::UserCommand;
use crate::{
    audit, backup, doctor, epoch, export, health, import_django, job, logging, migrate, place,
    restore, room, serve, user,
};

/// A real-time chat that anyone can run.
///
/// Without a command it serves. Options can also be environment variables, or keys in the file
/// papo.toml in the data folder. A flag overrides a variable, and a variable overrides the file.
#[derive(Debug, Parser)]
#[command(name = "papo", version)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    common: CommonFlags,
    #[command(flatten)]
    server: ServerFlags,
    #[command(subcommand)]
    command: Option<PapoCommand>,
}

#[derive(Debug, Subcommand)]
enum PapoCommand {
    /// Serve the chat until a signal stops it
    Serve(ServerFlags),
    /// Make, list, open and close rooms
    #[command(subcommand)]
    Room(RoomCommand),
    /// Make, list and change accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Show and change the settings of the place
    #[command(subcommand)]
    Place(PlaceCommand),
    /// Show what administrators and moderators did, the latest last
    Audit(AuditFlags),
    /// List, retry and remove jobs that failed too often
    #[command(subcommand)]
    Job(JobCommand),
    /// Import rooms and messages from elsewhere
    #[command(subcommand)]
    Import(ImportCommand),
    /// Save a copy of the data folder's database in a new file, while a server runs or not
    Backup {
        /// The file, which must not exist yet
        file: PathBuf,
    },
    /// Move the data folder's instance to a PostgreSQL database. Run again, it goes on from where
    /// it was cut off
    Migrate {
        /// The database, such as <postgres://user@host/database>; the default is the option
        /// database-url
        #[arg(long, value_name = "URL")]
        to: Option<String>,
        /// Open a moved instance here again, as another history
        #[arg(long, conflicts_with = "to")]
        undo: bool,
    },
    /// Save everything in an archive for any kind of Papo's databases, while a server runs or not
    Export {
        /// The file, which must not exist yet; - is standard output
        file: PathBuf,
    },
    /// Restore an archive into an empty data folder or database
    Restore {
        /// The archive; - is standard input
        file: PathBuf,
    },
    /// Print the epoch, which names the history
    Epoch {
        /// Set a new epoch, after you put an older copy of the data in its place: clients start
        /// over
        #[arg(long)]
        new: bool,
    },
    /// Check the data folder, the database, NATS and this machine, and say what to do
    Doctor,
    /// Ask a running server whether it can serve people; fails unless it can
    Health {
        /// Its URL, such as <http://127.0.0.1:8000>; the default is the configured server
        url: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    /// Import a database of the Django chat; a second time imports only what is new
    Django {
        /// Its SQLite database
        file: PathBuf,
    },
}

impl CommandLine {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<Outcome> {
        let mut flags = self.common.0;
        flags.extend(self.server.0);
        let command = match self.command {
            None => PapoCommand::Serve(ServerFlags::default()),
            Some(command) => command,
        };
        if let PapoCommand::Serve(own) = &command {
            flags.extend(own.0.clone());
        }
        let config = Config::load(flags);
        // This command reports a wrong configuration itself.
        if let PapoCommand::Doctor = command {
            return doctor::run(&config);
        }
        let config = config?;
        logging::start(&config.log)?;
        let text = match command {
            PapoCommand::Serve(_) => serve::run(&config).map(|()| String::new()),
            PapoCommand::Room(command) => room::run(&config, command),
            PapoCommand::User(command) => user::run(&config, command),
            PapoCommand::Place(command) => place::run(&config, command),
            PapoCommand::Audit(flags) => audit::run(&config, flags),
            PapoCommand::Job(command) => job::run(&config, &command),
            PapoCommand::Import(ImportCommand::Django { file }) => {
                import_django::run(&config, &file)
            }
            PapoCommand::Health { url } => health::run(&config, url.as_deref()),
            PapoCommand::Backup { file } => backup::run(&config, &file),
            PapoCommand::Migrate { undo: true, .. } => migrate::undo(&config),
            PapoCommand::Migrate { to, .. } => migrate::run(&config, to.as_deref()),
            PapoCommand::Export { file } => export::run(&config, &file),
            PapoCommand::Epoch { new } => epoch::run(&config, new),
            PapoCommand::Restore { file } => restore::run(&config, &file),
            PapoCommand::Doctor => unreachable!("it was run above"),
        };
        text.map(Outcome::from)
    }
}

/// The flags of every command.
#[derive(Debug, Default)]
struct CommonFlags(Values);

/// The flags of the server.
#[derive(Debug, Default)]
struct ServerFlags(Values);

impl Args for CommonFlags {
    fn augment_args(command: Command) -> Command {
        command.args(
            table::COMMON
                .iter()
                .map(|setting| flag(setting).global(true)),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl Args for ServerFlags {
    fn augment_args(command: Command) -> Command {
        command
            .next_help_heading("Server options")
            .args(table::SERVER.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for CommonFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(given(matches, &table::COMMON)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(given(matches, &table::COMMON));
        Ok(())
    }
}

impl FromArgMatches for ServerFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(given(matches, &table::SERVER)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(given(matches, &table::SERVER));
        Ok(())
    }
}

fn flag(setting: &Setting) -> Arg {
    let variable = setting.variable();
    let help = match setting.default {
        "" => format!("{} [env: {variable}]", setting.help),
        default => format!("{} [env: {variable}] [default: {default}]", setting.help),
    };
    Arg::new(setting.key)
        .long(setting.flag())
        .value_name(setting.value_name)
        .help(help)
}

fn given(matches: &ArgMatches, settings: &'static [Setting]) -> Values {
    let values = settings.iter().filter_map(|setting| {
        let text = matches.get_one::<String>(setting.key)?;
        Some((setting.key, text.clone()))
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_servers_flags_go_before_and_after_its_command() {
        for arguments in [
            ["papo", "serve", "--listen", "[::]:80"].as_slice(),
            &["papo", "--listen", "[::]:80", "serve"],
            &["papo", "--listen", "[::]:80"],
        ] {
            assert!(
                CommandLine::try_parse_from(arguments).is_ok(),
                "{arguments:?}"
            );
        }
        let wrong = ["papo", "room", "list", "--listen", "[::]:80"];
        assert!(CommandLine::try_parse_from(wrong).is_err());
    }
}
