//! `papo place`: the settings of the place from the command line, while a server runs or not.

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use papo_app::{Administrator, App};
use papo_domain::{
    Accent, FirstRooms, Place, PlaceError, PlaceLanguage, PlaceName, RoomId, RoomMakers, SignUp,
    WelcomeText,
};

use crate::columns::columns;
use crate::config::Config;
use crate::instance::with_existing_instance;
use crate::user::OnOff;

/// What stands for Papo's own, and for no rooms.
const NONE: &str = "none";

/// The commands for the settings.
#[derive(Debug, Subcommand)]
pub(crate) enum PlaceCommand {
    /// Show the settings
    Show,
    /// Change settings. A running server has them within a second
    Set(Box<NewSettings>),
}

/// The settings to change.
#[derive(Debug, Default, Args)]
pub(crate) struct NewSettings {
    /// The name, as in titles; empty for Papo's own
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What newcomers read on the first page
    #[arg(long, value_name = "TEXT")]
    welcome: Option<String>,
    /// The accent colour, such as #0b7348; none is Papo's own
    #[arg(long, value_name = "COLOUR")]
    accent: Option<String>,
    /// Who may make an account: open, invited or closed
    #[arg(long, value_name = "POLICY")]
    sign_up: Option<String>,
    /// Whether people without an account may join rooms
    #[arg(long)]
    guests: Option<OnOff>,
    /// Who may make rooms: accounts or administrators
    #[arg(long, value_name = "WHO")]
    room_makers: Option<String>,
    /// The numbers of the rooms that a new account joins, such as 1,2; none is no room
    #[arg(long, value_name = "ROOMS")]
    first_rooms: Option<String>,
    /// The language of readers whose browser asks for none of ours: pt-BR or en; none is Papo's
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
}

/// Runs the command. Returns what it did.
pub(crate) fn run(config: &Config, command: PlaceCommand) -> Result<String> {
    match command {
        PlaceCommand::Show => with_existing_instance(config, async |i| {
            let by = Administrator::local();
            Ok(shown(&i.app.stored_place(&by).await?.place))
        }),
        PlaceCommand::Set(new) => {
            // What can't be a setting is refused before anything is opened.
            new.apply(Place::default())?;
            with_existing_instance(config, async |i| set(&i.app, &new).await)
        }
    }
}

async fn set(app: &App, new: &NewSettings) -> Result<String> {
    let by = Administrator::local();
    let stored = app.stored_place(&by).await?;
    let place = new.apply(stored.place)?;
    app.set_place(&by, stored.version, place.clone())
        .await
        .context("can't change the settings")?;
    Ok(shown(&place))
}

impl NewSettings {
    /// The settings with these changes.
    fn apply(&self, mut place: Place) -> Result<Place> {
        let mut changes = 0;
        if let Some(name) = &self.name {
            place.name = PlaceName::parse(name)?;
            changes += 1;
        }
        if let Some(welcome) = &self.welcome {
            place.welcome = WelcomeText::parse(welcome)?;
            changes += 1;
        }
        if let Some(accent) = &self.accent {
            place.accent = unless_none(accent, Accent::parse)?;
            changes += 1;
        }
        if let Some(sign_up) = &self.sign_up {
            place.sign_up = SignUp::parse(sign_up)?;
            changes += 1;
        }
        if let Some(guests) = self.guests {
            place.admits_guests = matches!(guests, OnOff::On);
            changes += 1;
        }
        if let Some(makers) = &self.room_makers {
            place.room_makers = RoomMakers::parse(makers)?;
            changes += 1;
        }
        if let Some(rooms) = &self.first_rooms {
            place.first_rooms = unless_none(rooms, first_rooms)?.unwrap_or_default();
            changes += 1;
        }
        if let Some(language) = &self.language {
            place.language = unless_none(language, PlaceLanguage::parse)?;
            changes += 1;
        }
        if changes == 0 {
            bail!("nothing to change; `papo place set --help` lists the settings");
        }
        Ok(place)
    }
}

fn unless_none<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, PlaceError>,
) -> Result<Option<T>> {
    if text == NONE {
        return Ok(None);
    }
    parse(text)
        .map(Some)
        .map_err(|error| anyhow!("{text:?}: {error}"))
}

fn first_rooms(text: &str) -> Result<FirstRooms, PlaceError> {
    let numbers = text
        .split(',')
        .map(|number| number.trim().parse::<RoomId>());
    let rooms = numbers.collect::<Result<Vec<_>, _>>();
    FirstRooms::new(rooms.map_err(|_| PlaceError::FirstRooms)?)
}

fn shown(place: &Place) -> String {
    let or_none = |text: String| if text.is_empty() { NONE.into() } else { text };
    let rooms = place.first_rooms.as_slice().iter();
    let rooms: Vec<_> = rooms.map(RoomId::to_string).collect();
    let guests = if place.admits_guests { "on" } else { "off" };
    let accent = place.accent.as_ref().map(Accent::to_string);
    let rows = [
        ("name", or_none(place.name.to_string())),
        ("welcome", or_none(place.welcome.to_string())),
        ("accent", or_none(accent.unwrap_or_default())),
        ("sign-up", place.sign_up.as_str().to_owned()),
        ("guests", guests.to_owned()),
        ("room-makers", place.room_makers.as_str().to_owned()),
        ("first-rooms", or_none(rooms.join(","))),
        (
            "language",
            place.language.map_or(NONE, PlaceLanguage::code).to_owned(),
        ),
    ];
    let rows = rows.map(|(setting, value)| [setting.to_owned(), value]);
    columns(["SETTING", "VALUE"], &rows)
}
