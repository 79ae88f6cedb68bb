//! `/admin/settings/`: the settings of the place.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use papo_app::{Error, PlaceVersion, RoomFilter, StoredPlace};
use papo_domain::{
    Accent, FirstRooms, Place, PlaceError, PlaceLanguage, PlaceName, RoomId, RoomMakers,
    RoomOverview, SignUp, WelcomeText,
};
use serde::Deserialize;

use super::Done;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::language::Key;
use crate::page::{Page, show, show_refused};
use crate::site::Site;
use crate::visitor::Admin;

/// The page's address.
const PATH: &str = "/admin/settings/";
/// The colour that a chooser shows before one is chosen: Papo's own.
const OWN_ACCENT: &str = "#b0136b";

#[derive(Template)]
#[template(path = "admin/settings.html")]
pub(crate) struct SettingsPage {
    pub(crate) page: Page,
    pub(crate) form: SettingsForm,
    /// All rooms, to choose from.
    pub(crate) rooms: Vec<RoomOverview>,
    pub(crate) errors: FormErrors,
    pub(crate) done: Option<Done>,
}

impl SettingsPage {
    /// The policies of signing up, each with the key of its text.
    fn sign_ups() -> [(&'static str, Key); 3] {
        SignUp::ALL.map(|sign_up| {
            let key = match sign_up {
                SignUp::Open => Key("settings-sign-up-open"),
                SignUp::Invited => Key("settings-sign-up-invited"),
                SignUp::Closed => Key("settings-sign-up-closed"),
            };
            (sign_up.as_str(), key)
        })
    }

    /// Who may make rooms, each with the key of its text.
    fn room_makers() -> [(&'static str, Key); 2] {
        RoomMakers::ALL.map(|makers| {
            let key = match makers {
                RoomMakers::Accounts => Key("settings-room-makers-accounts"),
                RoomMakers::Administrators => Key("settings-room-makers-administrators"),
            };
            (makers.as_str(), key)
        })
    }
}

/// The settings as typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct SettingsForm {
    /// The version that was changed.
    pub(crate) version: String,
    pub(crate) name: String,
    pub(crate) welcome: String,
    pub(crate) accent: String,
    /// Whether the chosen colour counts.
    pub(crate) has_accent: bool,
    pub(crate) sign_up: String,
    pub(crate) admits_guests: bool,
    pub(crate) room_makers: String,
    pub(crate) first_rooms: Vec<String>,
    pub(crate) language: String,
}

impl SettingsForm {
    fn new(StoredPlace { version, place }: StoredPlace) -> Self {
        let rooms = place.first_rooms.as_slice().iter();
        let accent = place.accent.as_ref().map(Accent::to_string);
        Self {
            version: version.0.to_string(),
            name: place.name.to_string(),
            welcome: place.welcome.to_string(),
            has_accent: accent.is_some(),
            accent: accent.unwrap_or_else(|| OWN_ACCENT.to_owned()),
            sign_up: place.sign_up.as_str().to_owned(),
            admits_guests: place.admits_guests,
            room_makers: place.room_makers.as_str().to_owned(),
            first_rooms: rooms.map(RoomId::to_string).collect(),
            language: place.language.map_or("", PlaceLanguage::code).to_owned(),
        }
    }

    /// The form in these pairs. Several rooms come under one name, and a box that isn't checked
    /// doesn't come.
    fn read(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "version" => form.version = value,
                "name" => form.name = value,
                "welcome" => form.welcome = value,
                "accent" => form.accent = value,
                "has_accent" => form.has_accent = true,
                "sign_up" => form.sign_up = value,
                "admits_guests" => form.admits_guests = true,
                "room_makers" => form.room_makers = value,
                "first_rooms" => form.first_rooms.push(value),
                "language" => form.language = value,
                _ => {}
            }
        }
        form
    }

    fn place(&self) -> Result<Place, PlaceError> {
        let rooms = self.first_rooms.iter().map(|room| room.parse::<RoomId>());
        let rooms = rooms.collect::<Result<Vec<_>, _>>();
        let language = (!self.language.is_empty()).then_some(self.language.as_str());
        Ok(Place {
            name: PlaceName::parse(&self.name)?,
            welcome: WelcomeText::parse(&self.welcome)?,
            accent: self
                .has_accent
                .then(|| Accent::parse(&self.accent))
                .transpose()?,
            sign_up: SignUp::parse(&self.sign_up)?,
            admits_guests: self.admits_guests,
            room_makers: RoomMakers::parse(&self.room_makers)?,
            first_rooms: FirstRooms::new(rooms.map_err(|_| PlaceError::FirstRooms)?)?,
            language: language.map(PlaceLanguage::parse).transpose()?,
        })
    }

    /// The version that was changed; `None` in a form that doesn't care.
    fn version(&self) -> Option<PlaceVersion> {
        self.version.parse().ok().map(PlaceVersion)
    }

    pub(crate) fn is_first(&self, room: RoomId) -> bool {
        self.first_rooms.iter().any(|one| one.parse() == Ok(room))
    }
}

#[derive(Deserialize)]
pub(crate) struct Notice {
    done: Option<Done>,
}

/// `GET /admin/settings/`
pub(crate) async fn show_form(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    Query(Notice { done }): Query<Notice>,
) -> Result<Response, Failure> {
    let stored = site.app.stored_place(&administrator).await?;
    let rooms = site.app.find_rooms(&administrator, all()).await?;
    show(&SettingsPage {
        page,
        form: SettingsForm::new(stored),
        rooms,
        errors: FormErrors::default(),
        done,
    })
}

/// `POST /admin/settings/`
pub(crate) async fn save(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let mut form = SettingsForm::read(pairs);
    let saved = match form.place() {
        Ok(place) => {
            let version = match form.version() {
                Some(version) => version,
                None => site.app.stored_place(&administrator).await?.version,
            };
            let set = site.app.set_place(&administrator, version, place);
            set.await
        }
        Err(error) => Err(error.into()),
    };
    let error = match saved {
        Ok(()) => return Ok(Redirect::to(&Done::Settings.at(PATH)).into_response()),
        Err(error) => error,
    };
    let errors = FormErrors::explain(error.clone(), page.language)?;
    if error == Error::PlaceChanged {
        // What was typed stays. Saved again, it replaces what the other administrator saved.
        let stored = site.app.stored_place(&administrator).await?;
        form.version = stored.version.0.to_string();
    }
    let rooms = site.app.find_rooms(&administrator, all()).await?;
    show_refused(
        &error.into(),
        &SettingsPage {
            page,
            form,
            rooms,
            errors,
            done: None,
        },
    )
}

fn all() -> RoomFilter {
    RoomFilter::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_the_settings_that_it_shows() {
        let place = Place {
            name: PlaceName::parse("Escola Sol").unwrap(),
            accent: Some(Accent::of(0x0b_7348)),
            admits_guests: false,
            first_rooms: FirstRooms::new(vec![RoomId(1), RoomId(3)]).unwrap(),
            language: Some(PlaceLanguage::English),
            ..Place::default()
        };
        for place in [place, Place::default()] {
            let version = PlaceVersion(7);
            let form = SettingsForm::new(StoredPlace {
                version,
                place: place.clone(),
            });
            assert_eq!(form.version(), Some(version));
            assert_eq!(form.place(), Ok(place));
        }
        let pairs = [("first_rooms", "1"), ("first_rooms", "2"), ("x", "y")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let form = SettingsForm::read(pairs.into());
        assert!(form.is_first(RoomId(2)) && !form.is_first(RoomId(3)));
        assert!(!form.admits_guests);
        assert_eq!(form.place(), Err(PlaceError::SignUp));
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, overviews, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let hostile = SettingsForm {
            version: HOSTILE.into(),
            name: HOSTILE.into(),
            welcome: HOSTILE.into(),
            accent: HOSTILE.into(),
            first_rooms: vec!["1".into()],
            ..SettingsForm::default()
        };
        let stored = SettingsForm::new(StoredPlace::default());
        let errors = |error: Error| FormErrors::explain(error, language).unwrap();
        let forms = [
            (stored.clone(), FormErrors::default(), Some(Done::Settings)),
            (hostile, errors(PlaceError::NameTooLong.into()), None),
            (stored.clone(), errors(PlaceError::FirstRooms.into()), None),
            (stored, errors(Error::PlaceChanged), None),
        ];
        let form = |(form, errors, done)| {
            html(&SettingsPage {
                page: page(language),
                form,
                rooms: overviews(),
                errors,
                done,
            })
        };
        forms.map(form).into()
    }
}
