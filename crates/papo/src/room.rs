//! `papo room`: rooms from the command line, while a server runs or not.

use anyhow::{Result, anyhow};
use clap::Subcommand;
use papo_app::{Administrator, App, Error, RoomDraft, RoomFilter};
use papo_domain::{RoomId, RoomKind, RoomOverview};

use crate::columns::{columns, minute};
use crate::config::Config;
use crate::instance::with_existing_instance;

/// The commands for rooms.
#[derive(Debug, Subcommand)]
pub(crate) enum RoomCommand {
    /// Make a room in an existing chat
    Create {
        /// Its name, unlike any other's
        name: String,
        /// What it is about
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
        /// Who finds it: everybody (public), people with an account (members), or those who are
        /// invited (private)
        #[arg(long, value_name = "KIND", default_value = "public")]
        kind: RoomKind,
        /// Let only its moderators post
        #[arg(long)]
        announcement: bool,
        /// The account that looks after it
        #[arg(long, value_name = "ACCOUNT")]
        moderator: Option<String>,
    },
    /// List all rooms
    List,
    /// Open an archived room again
    Activate {
        /// The room's number
        id: RoomId,
    },
    /// Archive a room: its people read on in it, nobody posts, and nobody else sees it
    Deactivate {
        /// The room's number
        id: RoomId,
    },
}

/// Runs the command. Returns what it did.
pub(crate) fn run(config: &Config, command: RoomCommand) -> Result<String> {
    match command {
        RoomCommand::Create {
            name,
            description,
            kind,
            announcement,
            moderator,
        } => {
            let draft = RoomDraft {
                name,
                description,
                kind,
                is_announcement: announcement,
                is_active: true,
            };
            with_existing_instance(config, async |i| {
                create(&i.app, draft, moderator.as_deref()).await
            })
        }
        RoomCommand::List => with_existing_instance(config, async |i| list(&i.app).await),
        RoomCommand::Activate { id } => {
            with_existing_instance(config, async |i| set_active(&i.app, id, true).await)
        }
        RoomCommand::Deactivate { id } => {
            with_existing_instance(config, async |i| set_active(&i.app, id, false).await)
        }
    }
}

async fn create(app: &App, draft: RoomDraft, moderator: Option<&str>) -> Result<String> {
    let administrator = Administrator::local();
    let name = draft.name.clone();
    // A wrong account makes no room.
    let moderator = match moderator {
        Some(account) => Some(app.find_account(&administrator, account).await?),
        None => None,
    };
    let made = app
        .create_room_for(&administrator, draft, moderator.as_ref())
        .await;
    let room = made.map_err(|error| anyhow!("can't make the room {name:?}: {error}"))?;
    Ok(format!("Made room {}: {}\n", room.id, room.name))
}

async fn list(app: &App) -> Result<String> {
    let administrator = Administrator::local();
    let mut rooms = app
        .find_rooms(&administrator, RoomFilter::default())
        .await?;
    rooms.sort_by_key(|overview| overview.room.id);
    let rows: Vec<_> = rooms.iter().map(row).collect();
    Ok(columns(
        ["ID", "NAME", "STATE", "LAST MESSAGE (UTC)", "DESCRIPTION"],
        &rows,
    ))
}

async fn set_active(app: &App, id: RoomId, is_active: bool) -> Result<String> {
    let administrator = Administrator::local();
    let set = app.set_room_active(&administrator, id, is_active).await;
    let room = set.map_err(|error| match error {
        Error::NoRoom => anyhow!("no room {id}; `papo room list` shows them all"),
        other => anyhow!("room {id}: {other}"),
    })?;
    let state = state(is_active);
    Ok(format!("Room {id}, {}, is {state}\n", room.name))
}

fn row(overview: &RoomOverview) -> [String; 5] {
    let RoomOverview {
        room,
        last_activity,
    } = overview;
    [
        room.id.to_string(),
        room.name.to_string(),
        state(room.is_active).to_owned(),
        last_activity.map_or_else(|| "-".to_owned(), minute),
        room.description.to_string(),
    ]
}

const fn state(is_active: bool) -> &'static str {
    if is_active { "active" } else { "inactive" }
}
