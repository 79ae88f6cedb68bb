//! `papo audit`: what administrators and moderators did, while a server runs or not.

use anyhow::{Result, bail};
use clap::Args;
use papo_app::{Administrator, App, AuditFilter};
use papo_domain::{AuditAct, AuditEntry, SettingChange};

use crate::columns::{columns, minute};
use crate::config::Config;
use crate::instance::with_existing_instance;

/// Which entries to show.
#[derive(Debug, Args)]
pub(crate) struct AuditFlags {
    /// Only what people with this in their name did
    #[arg(long, value_name = "TEXT")]
    who: Option<String>,
    /// Only this act, such as room-made
    #[arg(long, value_name = "ACT")]
    act: Option<String>,
    /// How many entries at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
}

/// Runs the command. Returns the entries.
pub(crate) fn run(config: &Config, flags: AuditFlags) -> Result<String> {
    let AuditFlags { who, act, limit } = flags;
    if let Some(act) = &act
        && !AuditAct::CODES.contains(&act.as_str())
    {
        bail!("no act {act:?}; they are {}", AuditAct::CODES.join(", "));
    }
    let filter = AuditFilter {
        who,
        act,
        limit,
        ..AuditFilter::default()
    };
    with_existing_instance(config, async |i| list(&i.app, filter).await)
}

async fn list(app: &App, filter: AuditFilter) -> Result<String> {
    let entries = app.find_audit(&Administrator::local(), filter).await?;
    let rows: Vec<_> = entries.iter().rev().map(row).collect();
    Ok(columns(["AT (UTC)", "WHO", "ACT", "WHAT"], &rows))
}

fn row(entry: &AuditEntry) -> [String; 4] {
    let who = entry.by.as_ref().map_or("-", |by| by.name.as_str());
    let (act, what) = match &entry.act {
        Some(act) => (act.code(), what(act)),
        None => ("damaged", String::new()),
    };
    [minute(entry.at), who.to_owned(), act.to_owned(), what]
}

fn what(act: &AuditAct) -> String {
    match act {
        AuditAct::PlaceSet { changes } => {
            let changes = changes.iter().map(|change| {
                let SettingChange { setting, from, to } = change;
                format!("{}: {from:?} to {to:?}", setting.as_str())
            });
            changes.collect::<Vec<_>>().join(", ")
        }
        AuditAct::MessageDeleted {
            room,
            seq,
            username,
        } => format!("message {seq} of {username} in room {room}"),
        act => act.target().to_owned(),
    }
}
