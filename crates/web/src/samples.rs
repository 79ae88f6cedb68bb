//! Sample data for every page, and a test that renders all of them in both languages.

use std::collections::{BTreeSet, HashSet};

use askama::Template;
use http::StatusCode;
use papo_app::{Error, RoomListing};
use papo_domain::{
    Account, AccountId, AccountName, Mark, Message, MessageText, PersonId, Room, RoomDescription,
    RoomId, RoomName, RoomOverview, Seq, Timestamp, Username, UsernameError,
};
use papo_protocol::ServerFrame;

use crate::admin::messages::{AdminMessagesPage, MessageSearch};
use crate::admin::room_form::{RoomForm, RoomFormPage};
use crate::admin::rooms::{AdminRoomsPage, RoomSearch};
use crate::admin::setup::SetupPage;
use crate::admin::sign_in::SignInPage;
use crate::admin::{Done, Pager};
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::language::Language;
use crate::page::Page;
use crate::pages::ErrorPage;
use crate::pages::chat::{Boot, ChatPage};
use crate::pages::join::JoinPage;
use crate::pages::language::LanguagePage;
use crate::pages::leave::{Choice, LeavePage};
use crate::pages::rooms::RoomsPage;
use crate::reader::Reader;

/// A text that an attacker may type.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn page(language: Language) -> Page {
    Page {
        language,
        path: format!("/admin/rooms/?q={HOSTILE}"),
        now: at("2026-11-24T18:56:34.120Z"),
        reader: Reader::default(),
    }
}

/// A page whose reader is a guest, or has signed in.
fn page_of(language: Language, account: Option<&Account>) -> Page {
    let page = page(language);
    page.reader.is(account);
    page
}

fn account(is_admin: bool) -> Account {
    Account {
        id: AccountId(1),
        name: AccountName::from_stored(HOSTILE.to_owned()),
        person: PersonId(1),
        is_admin,
        is_suspended: false,
        created_at: at("2026-01-31T00:00:00.000Z"),
    }
}

fn room(id: i64, description: &str) -> Room {
    Room {
        id: RoomId(id),
        name: RoomName::from_stored(format!("Sala {id} {HOSTILE}")),
        description: RoomDescription::from_stored(description.to_owned()),
        is_active: id != 2,
        created_at: at("2026-01-31T00:00:00.000Z"),
        last_seq: Seq(0),
    }
}

fn overviews() -> Vec<RoomOverview> {
    let overview = |id, description, last_activity| RoomOverview {
        room: room(id, description),
        last_activity,
    };
    vec![
        overview(1, HOSTILE, Some(at("2026-11-24T18:51:34.120Z"))),
        overview(2, "", None),
        overview(3, "Conversa livre", Some(at("2025-11-24T18:51:34.120Z"))),
    ]
}

fn message(mark: Option<Mark>) -> Message {
    Message {
        room: RoomId(1),
        seq: Seq(7),
        sender: PersonId(1),
        username: Username::from_stored(HOSTILE.to_owned()),
        mark,
        text: MessageText::from_stored(HOSTILE.to_owned()),
        timestamp: at("2026-11-24T18:56:34.120Z"),
        client_id: None,
        edited: Some(at("2026-11-24T18:57:34.120Z")),
    }
}

fn html(template: &impl Template) -> String {
    template.render().unwrap()
}

/// Each template, in each of the forms that it can take.
fn samples(language: Language) -> Vec<String> {
    let page = || page(language);
    let errors = |error| FormErrors::explain(error, language).unwrap();
    let too_often = || errors(Error::RateLimited(std::time::Duration::from_secs(3)));
    let blank = || errors(UsernameError::Blank.into());
    let mut all = Vec::new();
    let listings = overviews().into_iter().zip([0, 1, 1_204]);
    let rooms = listings
        .map(|(overview, online)| RoomListing { overview, online })
        .collect();
    all.push(html(&RoomsPage {
        page: page(),
        rooms,
        joined: HashSet::from([RoomId(1)]),
    }));
    for reader in [None, Some(account(false)), Some(account(true))] {
        all.push(html(&RoomsPage {
            page: page_of(language, reader.as_ref()),
            rooms: Vec::new(),
            joined: HashSet::new(),
        }));
    }
    for (is_joined, errors) in [
        (false, FormErrors::default()),
        (true, blank()),
        (false, too_often()),
        (false, FormErrors::no_cookie(language, None)),
    ] {
        let (room, username) = (room(1, HOSTILE), HOSTILE.to_owned());
        all.push(html(&JoinPage {
            page: page(),
            room,
            is_joined,
            username,
            errors,
        }));
    }
    for choice in [Choice::Room(room(1, "")), Choice::All, Choice::Nowhere] {
        all.push(html(&LeavePage {
            page: page(),
            choice,
        }));
    }
    let pong = ServerFrame::Pong { r#ref: None };
    all.push(html(&LanguagePage {
        page: page(),
        errors: FormErrors::no_language_cookie(language),
    }));
    let boot = Boot::new(language, PersonId(1), true, 4_000, None, &pong);
    all.push(html(&ChatPage {
        page: page(),
        room: room(1, HOSTILE),
        boot,
    }));
    all.extend(
        failures()
            .iter()
            .map(|failure| html(&ErrorPage::new(page(), failure))),
    );
    all.extend(administration(language, &too_often, &blank));
    all
}

fn administration(
    language: Language,
    too_often: &dyn Fn() -> FormErrors,
    blank: &dyn Fn() -> FormErrors,
) -> Vec<String> {
    let page = || page(language);
    let (username, next) = (HOSTILE.to_owned(), HOSTILE.to_owned());
    let (first, middle) = (
        Pager {
            number: 1,
            has_next: false,
        },
        Pager {
            number: 2,
            has_next: true,
        },
    );
    let search = RoomSearch {
        q: HOSTILE.to_owned(),
        done: Some(Done::Created),
        ..RoomSearch::default()
    };
    let message_search = MessageSearch {
        room: "1".into(),
        done: Some(Done::Deleted),
        ..MessageSearch::default()
    };
    let form = || RoomForm {
        name: HOSTILE.into(),
        description: HOSTILE.into(),
        ..RoomForm::default()
    };
    vec![
        html(&SignInPage {
            page: page(),
            next,
            username: username.clone(),
            errors: too_often(),
        }),
        html(&SignInPage {
            page: page(),
            next: String::new(),
            username: String::new(),
            errors: FormErrors::no_cookie(language, Some(&"https://papo.example".parse().unwrap())),
        }),
        html(&SetupPage {
            page: page(),
            username,
            errors: blank(),
        }),
        html(&AdminRoomsPage {
            page: page(),
            search,
            rooms: overviews(),
            pager: middle,
        }),
        html(&AdminRoomsPage {
            page: page(),
            search: RoomSearch::default(),
            rooms: Vec::new(),
            pager: first,
        }),
        html(&RoomFormPage {
            page: page(),
            room: None,
            form: form(),
            errors: FormErrors::default(),
            asks: false,
        }),
        html(&RoomFormPage {
            page: page(),
            room: Some(RoomId(1)),
            form: form(),
            errors: FormErrors::default(),
            asks: true,
        }),
        html(&AdminMessagesPage {
            page: page(),
            search: message_search,
            rooms: overviews(),
            messages: vec![
                message(None),
                message(Some(Mark::Account)),
                message(Some(Mark::Administrator)),
            ],
            pager: middle,
        }),
        html(&AdminMessagesPage {
            page: page(),
            search: MessageSearch::default(),
            rooms: Vec::new(),
            messages: Vec::new(),
            pager: first,
        }),
    ]
}

fn failures() -> Vec<Failure> {
    let wait = std::time::Duration::from_secs(3);
    let statuses = [405, 413, 400, 500].map(|code| StatusCode::from_u16(code).unwrap());
    let errors = [
        Error::NoRoom,
        Error::NoSession,
        Error::NotJoined,
        Error::NoMessage,
        Error::SetupLink,
        Error::Internal,
    ];
    let errors = errors
        .into_iter()
        .chain([Error::RateLimited(wait), Error::Unavailable(wait)]);
    let others = [
        Failure::NotFound,
        Failure::CrossSite,
        Failure::NotAdministrator,
        Failure::Timeout,
    ];
    errors
        .map(Failure::App)
        .chain(statuses.map(Failure::Other))
        .chain(others)
        .collect()
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
        for field in ["username", "password", "name", "description"] {
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
                has("href=\"/admin/login/?next="),
                has("action=\"/admin/logout/\""),
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
    use papo_domain::{RoomDescriptionError, RoomNameError};
    let errors = [
        UsernameError::Blank.into(),
        UsernameError::TooLong.into(),
        UsernameError::Marks.into(),
        UsernameError::Character('\u{202e}').into(),
        Error::NameRegistered,
        Error::NameReserved,
        Error::AccountNameTaken,
        Error::PasswordLength,
        RoomNameError::Blank.into(),
        RoomNameError::TooLong.into(),
        RoomNameError::Control.into(),
        Error::RoomNameTaken,
        RoomDescriptionError::TooLong.into(),
        RoomDescriptionError::Nul.into(),
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
        let inputs = ["username", "password", "name", "description", "form"];
        texts.extend(
            inputs
                .iter()
                .filter_map(|input| errors.at(input))
                .map(str::to_owned),
        );
    }
    assert_eq!(texts.len(), 2 * errors.len());
}
