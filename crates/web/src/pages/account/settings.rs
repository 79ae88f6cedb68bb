//! `/account/`: language, time zone, colours and the form of times.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use papo_domain::{Hours, PersonSettings, Theme, ZoneName};
use serde::Deserialize;

use super::{Done, DoneQuery};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::language::Language;
use crate::page::{Page, show, show_refused};
use crate::site::Site;
use crate::visitor::Person;

#[derive(Template)]
#[template(path = "account/settings.html")]
pub(crate) struct SettingsPage {
    pub(crate) page: Page,
    pub(crate) done: Option<Done>,
    pub(crate) has_account: bool,
    pub(crate) form: SettingsForm,
    pub(crate) zones: Vec<String>,
    pub(crate) errors: FormErrors,
}

/// The form. An empty value is as the browser says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SettingsForm {
    language: String,
    time_zone: String,
    theme: String,
    hours: String,
}

impl SettingsForm {
    fn of(settings: &PersonSettings) -> Self {
        let code = |code: Option<&str>| code.unwrap_or_default().to_owned();
        Self {
            language: code(settings.language.as_deref()),
            time_zone: code(settings.time_zone.as_ref().map(ZoneName::as_str)),
            theme: code(settings.theme.map(Theme::code)),
            hours: code(settings.hours.map(Hours::code)),
        }
    }

    /// The settings that the form says. A value that it doesn't offer is a mistake that only
    /// programs make.
    fn settings(&self) -> Result<PersonSettings, Failure> {
        let language = chosen(&self.language, Language::from_code)?;
        Ok(PersonSettings {
            language: language.map(|language| language.code().to_owned()),
            time_zone: chosen(&self.time_zone, |name| ZoneName::parse(name).ok())?,
            theme: chosen(&self.theme, |code| {
                Theme::ALL.into_iter().find(|theme| theme.code() == code)
            })?,
            hours: chosen(&self.hours, |code| {
                Hours::ALL.into_iter().find(|hours| hours.code() == code)
            })?,
        })
    }
}

fn chosen<T>(value: &str, find: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Failure> {
    match value {
        "" => Ok(None),
        value => match find(value) {
            Some(found) => Ok(Some(found)),
            None => Err(Failure::Other(StatusCode::BAD_REQUEST)),
        },
    }
}

/// `GET /account/`
pub(crate) async fn show_form(
    page: Page,
    Person(visitor): Person,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response, Failure> {
    show(&SettingsPage {
        page,
        done,
        has_account: visitor.account().is_some(),
        form: SettingsForm::of(visitor.settings()),
        zones: ZoneName::all(),
        errors: FormErrors::default(),
    })
}

/// `POST /account/`
pub(crate) async fn save(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    Person(visitor): Person,
    Form(form): Form<SettingsForm>,
) -> Result<Response, Failure> {
    let settings = form.settings()?;
    let saved = site.app.set_settings(&visitor, settings, caller.address);
    match saved.await {
        Ok(()) => Ok(Redirect::to("/account/?done=saved").into_response()),
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            show_refused(
                &error.into(),
                &SettingsPage {
                    page,
                    done: None,
                    has_account: visitor.account().is_some(),
                    form,
                    zones: ZoneName::all(),
                    errors,
                },
            )
        }
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::sample_data::{HOSTILE, html, page};
    use papo_app::Error;
    use std::time::Duration;

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let too_often = Error::RateLimited(Duration::from_secs(3));
        let sample = |has_account, done, errors| {
            html(&SettingsPage {
                page: page(language),
                done,
                has_account,
                form: SettingsForm {
                    time_zone: HOSTILE.to_owned(),
                    ..SettingsForm::default()
                },
                zones: vec!["America/Sao_Paulo".into(), HOSTILE.to_owned()],
                errors,
            })
        };
        vec![
            sample(true, Some(Done::Saved), FormErrors::default()),
            sample(
                false,
                None,
                FormErrors::explain(too_often, language).unwrap(),
            ),
        ]
    }
}
