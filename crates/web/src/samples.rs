//! Tests that render every page in each of its forms and check what all pages must have. Each page
//! brings its own samples.

use std::collections::BTreeSet;

use papo_app::{Error, Guess};
use papo_domain::UsernameError;

use crate::form_errors::FormErrors;
use crate::language::Language;
use crate::page::Page;
use crate::pages::leave::{Choice, LeavePage};
use crate::sample_data::{account, html, page, page_of};
use crate::{admin, pages};

/// Each template, in each of the forms that it can take.
fn samples(language: Language) -> Vec<String> {
    let all = [
        pages::rooms::samples::all,
        pages::join::samples::all,
        pages::new_room::samples::all,
        pages::about::samples::all,
        pages::invite::samples::all,
        pages::direct::samples::all,
        pages::leave::samples::all,
        pages::language::samples::all,
        pages::chat::samples::all,
        pages::error::samples::all,
        pages::sign_in::samples::all,
        pages::sign_up::samples::all,
        pages::account::settings::samples::all,
        pages::account::name::samples::all,
        pages::account::password::samples::all,
        pages::account::devices::samples::all,
        pages::account::delete::samples::all,
        pages::account::offers::samples::all,
        admin::setup::samples::all,
        admin::rooms::samples::all,
        admin::room_form::samples::all,
        admin::messages::samples::all,
        admin::settings::samples::all,
        admin::audit::samples::all,
        admin::people::samples::all,
        admin::person::samples::all,
    ];
    all.iter().flat_map(|samples| samples(language)).collect()
}

/// All values of an attribute.
fn values<'a>(html: &'a str, attribute: &str) -> BTreeSet<&'a str> {
    let rests = html
        .split(&format!(" {attribute}=\""))
        .skip(1)
        .collect::<Vec<_>>();
    rests
        .iter()
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn every_page_renders_in_both_languages() {
    for language in Language::ALL {
        for html in samples(language) {
            assert!(html.starts_with("<!doctype html>"));
            assert!(html.contains(&format!("<html lang=\"{}\"", language.code())));
            let is_chat = html.contains("id=\"boot\"");
            assert_eq!(html.matches("<h1").count(), usize::from(!is_chat), "{html}");
        }
    }
}

#[test]
fn what_people_wrote_stays_text() {
    for html in samples(Language::English) {
        assert!(
            !html.contains("<script>") && !html.contains("<img"),
            "{html}"
        );
        assert!(
            !html.contains("style=\"") && !html.contains(" onerror=alert(1)>"),
            "{html}"
        );
    }
}

#[test]
fn labels_and_descriptions_name_what_is_there() {
    for html in samples(Language::Portuguese) {
        let ids = values(&html, "id");
        assert_eq!(
            html.matches(" id=\"").count(),
            ids.len(),
            "an id stands twice: {html}"
        );
        let described = values(&html, "aria-describedby");
        let named = described
            .into_iter()
            .flat_map(str::split_whitespace)
            .chain(values(&html, "for"));
        for id in named {
            assert!(ids.contains(id), "{id} is named but isn't there: {html}");
        }
    }
}

#[test]
fn a_field_says_its_hint_or_its_error_and_names_it() {
    for html in samples(Language::Portuguese) {
        let (ids, described) = (values(&html, "id"), values(&html, "aria-describedby"));
        for field in [
            "username",
            "password",
            "current",
            "name",
            "description",
            "welcome",
            "accent",
            "first_rooms",
        ] {
            let said = [format!("{field}-hint"), format!("{field}-error")];
            let said: Vec<_> = said.iter().filter(|id| ids.contains(id.as_str())).collect();
            assert!(said.len() <= 1, "{said:?} are said at once: {html}");
            for id in said {
                assert!(
                    described.contains(id.as_str()),
                    "{id} is of no field: {html}"
                );
            }
        }
    }
}

#[test]
fn everybody_who_is_known_finds_the_way_in_or_out() {
    for language in Language::ALL {
        let shown = |page: Page| {
            let html = html(&LeavePage {
                page,
                choice: Choice::Nowhere,
            });
            let has = |text: &str| html.contains(text);
            [
                has("href=\"/login/?next=") && has("href=\"/signup/?next="),
                has("action=\"/logout/\""),
                has("href=\"/admin/\""),
            ]
        };
        assert_eq!(shown(page(language)), [false; 3]);
        assert_eq!(shown(page_of(language, None)), [true, false, false]);
        let (plain, administrator) = (account(false), account(true));
        assert_eq!(shown(page_of(language, Some(&plain))), [false, true, false]);
        assert_eq!(
            shown(page_of(language, Some(&administrator))),
            [false, true, true]
        );
    }
}

#[test]
fn every_error_of_a_form_has_its_text_in_both_languages() {
    use papo_domain::{PlaceError, RoomDescriptionError, RoomNameError};
    let errors = [
        UsernameError::Blank.into(),
        UsernameError::TooLong.into(),
        UsernameError::Marks.into(),
        UsernameError::Character('\u{202e}').into(),
        Error::NameRegistered,
        Error::NameReserved,
        Error::AccountNameTaken,
        Error::PasswordLength,
        Error::WrongPassword,
        Error::LastAdministrator,
        Error::PasswordGuess(Guess::Name),
        Error::PasswordGuess(Guess::Common),
        Error::PasswordGuess(Guess::Pattern),
        Error::PasswordGuess(Guess::Words),
        RoomNameError::Blank.into(),
        RoomNameError::TooLong.into(),
        RoomNameError::Control.into(),
        Error::RoomNameTaken,
        RoomDescriptionError::TooLong.into(),
        RoomDescriptionError::Nul.into(),
        PlaceError::NameTooLong.into(),
        PlaceError::NameControl.into(),
        PlaceError::WelcomeTooLong.into(),
        PlaceError::WelcomeNul.into(),
        PlaceError::Accent.into(),
        PlaceError::FirstRooms.into(),
        PlaceError::ManyFirstRooms.into(),
        PlaceError::SignUp.into(),
        Error::PlaceChanged,
        Error::LastModerator,
        Error::DirectPeople,
        Error::NoPerson,
        Error::NoMember,
        Error::SignIn,
        Error::Suspended,
        Error::RateLimited(std::time::Duration::from_secs(1)),
    ];
    let mut texts = BTreeSet::new();
    for (error, language) in errors
        .iter()
        .flat_map(|error| Language::ALL.map(|language| (error, language)))
    {
        let errors = FormErrors::explain(error.clone(), language).unwrap();
        let inputs = [
            "username",
            "password",
            "current",
            "name",
            "description",
            "welcome",
            "accent",
            "first_rooms",
            "form",
        ];
        texts.extend(
            inputs
                .iter()
                .filter_map(|input| errors.at(input))
                .map(str::to_owned),
        );
    }
    assert_eq!(texts.len(), 2 * errors.len());
}
