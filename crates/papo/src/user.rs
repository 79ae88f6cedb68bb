//! `papo user`: accounts from the command line, while a server runs or not.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context, Result, anyhow, bail};
use papo_app::{Administrator, App, PASSWORD_CHARACTERS};
use papo_domain::{Account, AccountName};

use crate::cli::UserCommand;
use crate::columns::columns;
use crate::config::Config;
use crate::instance::{with_existing_instance, with_instance};
use crate::room::minute;

/// More bytes than any password has.
const LONGEST_LINE: u64 = 4_096;

/// Does it, and says what was done.
pub(crate) fn run(config: &Config, command: UserCommand) -> Result<String> {
    match command {
        UserCommand::Create { name, admin } => {
            let name = AccountName::parse(&name).map_err(|error| cannot_make(&name, &error))?;
            // Asked for before anything is opened or changed.
            let password = password()?;
            with_instance(config, async |i| {
                create(&i.app, &name, password, admin).await
            })
        }
        UserCommand::List => with_existing_instance(config, async |i| list(&i.app).await),
    }
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
    Ok(columns(["NAME", "ADMINISTRATOR", "MADE (UTC)"], &rows))
}

fn row(account: &Account) -> [String; 3] {
    [
        account.name.to_string(),
        if account.is_admin { "yes" } else { "no" }.to_owned(),
        minute(account.created_at),
    ]
}

fn cannot_make(name: &str, error: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!("can't make the account {name:?}: {error}")
}

/// The password: asked for twice on a terminal, else one line of standard input.
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
