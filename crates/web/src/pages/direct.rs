//! `/direct/`: starting a direct conversation by picking people.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use papo_app::{AccountPerson, Visitor};
use papo_domain::PersonId;
use serde::Deserialize;

use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::site::Site;
use crate::visitor::Guest;

/// The most people that a page keeps as picked, beside the reader. More can't be in a direct room.
const PICKED: usize = 9;

#[derive(Template)]
#[template(path = "direct.html")]
pub(crate) struct DirectPage {
    pub(crate) page: Page,
    pub(crate) search: String,
    pub(crate) picked: Vec<AccountPerson>,
    pub(crate) found: Vec<AccountPerson>,
    pub(crate) errors: FormErrors,
}

/// Whom to look for, and whom somebody has picked: their ids with commas between them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wish {
    q: String,
    with: String,
}

/// The people in a list of ids. What is no id is left out.
fn people<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<PersonId> {
    let mut people: Vec<PersonId> = ids.into_iter().filter_map(|id| id.parse().ok()).collect();
    people.sort_unstable();
    people.dedup();
    people.truncate(PICKED + 1);
    people
}

/// The visitor, who must have an account.
fn writer(page: &Page, visitor: Option<Visitor>) -> Result<Visitor, Failure> {
    let visitor = visitor.filter(|visitor| visitor.account().is_some());
    visitor.ok_or_else(|| Failure::SignInFirst(page.path.clone()))
}

async fn direct_page(
    site: &Site,
    page: Page,
    visitor: &Visitor,
    search: String,
    with: Vec<PersonId>,
) -> Result<DirectPage, Failure> {
    let mut found = site.app.find_people(visitor, &search).await?;
    found.retain(|person| !with.contains(&person.person));
    let mut picked = site.app.people(with).await?;
    picked.retain(|person| person.person != visitor.person());
    Ok(DirectPage {
        page,
        search,
        picked,
        found,
        errors: FormErrors::default(),
    })
}

/// `GET /direct/?q=NAME&with=PERSON,…`
pub(crate) async fn show_form(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
    Query(wish): Query<Wish>,
) -> Result<Response, Failure> {
    let visitor = writer(&page, visitor)?;
    let with = people(wish.with.split(','));
    show(&direct_page(&site, page, &visitor, wish.q, with).await?)
}

/// `POST /direct/`: starts the conversation with those who are picked, or picks more.
pub(crate) async fn start(
    State(site): State<Arc<Site>>,
    page: Page,
    Guest(visitor): Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let visitor = writer(&page, visitor)?;
    let values = |name: &'static str| {
        let of_name = fields.iter().filter(move |(field, _)| field == name);
        of_name.map(|(_, value)| value.as_str())
    };
    let with = people(values("with"));
    let search = values("q").next().unwrap_or_default().to_owned();
    if values("act").next() == Some("search") {
        return show(&direct_page(&site, page, &visitor, search, with).await?);
    }
    match site.app.start_direct(&visitor, with.clone()).await {
        Ok(room) => Ok(Redirect::to(&format!("/room/{room}/")).into_response()),
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            let mut shown = direct_page(&site, page, &visitor, search, with).await?;
            shown.errors = errors;
            show_refused(&error.into(), &shown)
        }
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use papo_app::Error;
    use papo_domain::Username;

    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let person = |number, is_admin| AccountPerson {
            person: PersonId(number),
            name: Username::from_stored(HOSTILE.to_owned()),
            is_admin,
        };
        let shown = |picked, found, errors| {
            html(&DirectPage {
                page: page(language),
                search: HOSTILE.to_owned(),
                picked,
                found,
                errors,
            })
        };
        let none = FormErrors::explain(Error::DirectPeople, language).unwrap();
        vec![
            shown(
                vec![person(1, false)],
                vec![person(2, true)],
                FormErrors::default(),
            ),
            shown(vec![], vec![], none),
        ]
    }
}
