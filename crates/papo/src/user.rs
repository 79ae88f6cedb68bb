//! `papo user`: accounts from the command line, while a server runs or not.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Subcommand, ValueEnum};
use papo_app::{
    AccountChange, AccountSession, Administrator, App, Error, PASSWORD_CHARACTERS, check_password,
};
use papo_domain::{Account, AccountName};

use crate::columns::{columns, minute};
use crate::config::Config;
use crate::instance::{Instance, with_existing_instance, with_instance};
use crate::serve::local_url;

/// More bytes than any password has.
const LONGEST_LINE: u64 = 4_096;

/// The commands for accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account; the password comes from a prompt, or is one line of standard input
    Create {
        /// The name to sign in with
        name: String,
        /// Give it the right to administer. Where there is no chat, this makes one
        #[arg(long)]
        admin: bool,
    },
    /// List all accounts
    List,
    /// Give an account another password, which is read as for create, and end all its sessions
    Password {
        /// The account's name
        name: String,
    },
    /// Print a one-time link for another password, which holds for a day; an earlier one ends
    Link {
        /// The account's name
        name: String,
    },
    /// List an account's sessions, or end them all
    Sessions {
        /// The account's name
        name: String,
        /// End them, on open connections too
        #[arg(long)]
        end: bool,
    },
    /// Keep an account from signing in, and end its sessions; its name stays taken
    Suspend {
        /// The account's name
        name: String,
    },
    /// Let a suspended account sign in again
    Restore {
        /// The account's name
        name: String,
    },
    /// Remove an account for ever and end its sessions; its messages stay, and anybody may take its
    /// name
    Remove {
        /// The account's name
        name: String,
    },
    /// Give an account the right to administer, or take it
    Admin {
        /// The account's name
        name: String,
        /// on gives the right, off takes it
        may: OnOff,
    },
}

/// A switch of the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum OnOff {
    /// May
    On,
    /// May not
    Off,
}

/// Runs the command. Returns what it did.
pub(crate) fn run(config: &Config, command: UserCommand) -> Result<String> {
    match command {
        UserCommand::Create { name, admin } => {
            let name = AccountName::parse(&name).map_err(|error| cannot_make(&name, &error))?;
            // The prompt comes before anything is opened or changed.
            let password = password()?;
            check_password(&password).map_err(|error| cannot_make(name.as_str(), &error))?;
            let work = async |i: &Instance| create(&i.app, &name, password, admin).await;
            // A chat may begin with its first administrator, and with nobody else.
            if admin {
                with_instance(config, work)
            } else {
                with_existing_instance(config, work)
            }
        }
        UserCommand::List => with_existing_instance(config, async |i| list(&i.app).await),
        UserCommand::Password { name } => {
            let password = password()?;
            with_account(config, &name, async |app, by, account| {
                let ended = app.set_password(by, account, password).await?;
                Ok(format!(
                    "Changed the password of {}{}",
                    account.name,
                    and_ended(ended)
                ))
            })
        }
        UserCommand::Link { name } => {
            let public = config.web.public_url.as_ref().map(ToString::to_string);
            let address = public.unwrap_or_else(|| local_url(config.listen));
            let address = address.trim_end_matches('/').to_owned();
            with_account(config, &name, async |app, by, account| {
                let secret = app.new_password_link(by, account).await?;
                Ok(format!("{address}/password/{secret}/\n"))
            })
        }
        UserCommand::Sessions { name, end: false } => {
            with_account(config, &name, async |app, by, account| {
                Ok(sessions(app, &app.account_sessions(by, account).await?))
            })
        }
        UserCommand::Sessions { name, end: true } => {
            change(config, &name, &AccountChange::EndSessions)
        }
        UserCommand::Suspend { name } => change(config, &name, &AccountChange::Suspend),
        UserCommand::Restore { name } => change(config, &name, &AccountChange::Restore),
        UserCommand::Remove { name } => change(config, &name, &AccountChange::Remove),
        UserCommand::Admin { name, may } => {
            let may = matches!(may, OnOff::On);
            change(config, &name, &AccountChange::SetAdmin(may))
        }
    }
}

fn change(config: &Config, name: &str, change: &AccountChange) -> Result<String> {
    with_account(config, name, async |app, by, account| {
        let ended = app.change_account(by, account, change.clone()).await?;
        Ok(format!("{}{}", done(change, account), and_ended(ended)))
    })
}

/// What was done to the account.
fn done(change: &AccountChange, account: &Account) -> String {
    let name = &account.name;
    match change {
        AccountChange::Password(_) => format!("Changed the password of {name}"),
        AccountChange::EndSessions => format!("Signed out {name}"),
        AccountChange::Suspend => format!("Suspended {name}"),
        AccountChange::Restore => format!("Restored {name}"),
        AccountChange::Remove => format!("Removed {name}"),
        AccountChange::SetAdmin(true) => format!("{name} is now an administrator"),
        AccountChange::SetAdmin(false) => format!("{name} is no longer an administrator"),
    }
}

/// Runs work on an account of an existing instance.
fn with_account(
    config: &Config,
    name: &str,
    work: impl AsyncFnOnce(&App, &Administrator, &Account) -> Result<String, Error>,
) -> Result<String> {
    with_existing_instance(config, async |instance| {
        let by = Administrator::local();
        let found = instance.app.find_account(&by, name).await;
        let account = found.map_err(|error| cannot_change(name, &error))?;
        let done = work(&instance.app, &by, &account).await;
        done.map_err(|error| cannot_change(account.name.as_str(), &error))
    })
}

fn cannot_change(name: &str, error: &Error) -> anyhow::Error {
    match error {
        Error::NoAccount => anyhow!("no account {name:?}; `papo user list` shows them all"),
        Error::LastAdministrator => anyhow!(
            "{name:?} is the last administrator who can sign in; \
             make another one first, with `papo user admin NAME on`"
        ),
        other => anyhow!("account {name:?}: {other}"),
    }
}

/// The rest of the line: how many sessions ended.
fn and_ended(sessions: usize) -> String {
    match sessions {
        0 => "\n".to_owned(),
        1 => "; 1 session ended\n".to_owned(),
        some => format!("; {some} sessions ended\n"),
    }
}

fn sessions(app: &App, sessions: &[AccountSession]) -> String {
    let row = |session: &AccountSession| {
        [
            minute(app.past(session.created_at)),
            minute(app.by_the_clock(session.last_used)),
            session.device.to_string(),
        ]
    };
    let rows: Vec<_> = sessions.iter().map(row).collect();
    columns(["SIGNED IN (UTC)", "LAST USED (UTC)", "DEVICE"], &rows)
}

async fn create(app: &App, name: &AccountName, password: String, is_admin: bool) -> Result<String> {
    let administrator = Administrator::local();
    let made = app
        .create_account(&administrator, name.as_str(), password, is_admin)
        .await;
    let account = made.map_err(|error| cannot_make(name.as_str(), &error))?;
    let what = if is_admin { "administrator" } else { "account" };
    Ok(format!("Made the {what} {}\n", account.name))
}

async fn list(app: &App) -> Result<String> {
    let accounts = app.accounts(&Administrator::local()).await?;
    let rows: Vec<_> = accounts.iter().map(row).collect();
    Ok(columns(
        ["NAME", "STATE", "ADMINISTRATOR", "MADE (UTC)"],
        &rows,
    ))
}

fn row(account: &Account) -> [String; 4] {
    let state = if account.is_suspended {
        "suspended"
    } else {
        "active"
    };
    [
        account.name.to_string(),
        state.to_owned(),
        if account.is_admin { "yes" } else { "no" }.to_owned(),
        minute(account.created_at),
    ]
}

fn cannot_make(name: &str, error: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!("can't make the account {name:?}: {error}")
}

/// Reads the password: twice on a terminal, otherwise one line of standard input.
fn password() -> Result<String> {
    if std::io::stdin().is_terminal() {
        let password = ask(&prompt())?;
        if ask("The same again: ")? != password {
            bail!("the two passwords are different");
        }
        return Ok(password);
    }
    let mut line = Vec::new();
    let mut input = std::io::stdin().lock().take(LONGEST_LINE);
    input
        .read_until(b'\n', &mut line)
        .context("can't read the password from standard input")?;
    let line = String::from_utf8(line).context("the password is not valid UTF-8")?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        bail!("no password on standard input");
    }
    Ok(password.to_owned())
}

fn prompt() -> String {
    let (least, most) = (PASSWORD_CHARACTERS.start(), PASSWORD_CHARACTERS.end());
    format!("Password, of {least} to {most} characters: ")
}

fn ask(prompt: &str) -> Result<String> {
    rpassword::prompt_password(prompt).context("can't read the password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_asked_for_a_password_is_told_how_long_it_is() {
        assert_eq!(prompt(), "Password, of 10 to 200 characters: ");
    }
}
