//! `/admin/people/{id}/`: somebody who has an account, their devices, and what can be done.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use papo_app::{AccountChange, Administrator, Error};
use papo_domain::{Account, AccountId, Mark, Timestamp};
use serde::Deserialize;

use super::{Done, people};
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::page::{Page, show, show_refused};
use crate::site::Site;
use crate::visitor::Admin;

#[derive(Template)]
#[template(path = "admin/person.html")]
pub(crate) struct PersonPage {
    pub(crate) page: Page,
    pub(crate) account: Account,
    pub(crate) devices: Vec<Device>,
    pub(crate) errors: FormErrors,
    pub(crate) done: Option<Done>,
}

impl PersonPage {
    #[expect(clippy::unused_self, reason = "the template calls it")]
    fn mark(&self, account: &Account) -> Mark {
        Mark::of(account.is_admin)
    }
}

/// A device on which somebody has signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    /// Since when.
    pub(crate) since: Timestamp,
    /// When it was last used.
    pub(crate) used: Timestamp,
}

/// What a form does to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    Suspend,
    Restore,
    End,
    Promote,
    Demote,
    Remove,
}

impl Wish {
    const fn change(self) -> AccountChange {
        match self {
            Self::Suspend => AccountChange::Suspend,
            Self::Restore => AccountChange::Restore,
            Self::End => AccountChange::EndSessions,
            Self::Promote => AccountChange::SetAdmin(true),
            Self::Demote => AccountChange::SetAdmin(false),
            Self::Remove => AccountChange::Remove,
        }
    }

    const fn done(self) -> Done {
        match self {
            Self::Suspend => Done::Suspended,
            Self::Restore => Done::Restored,
            Self::End => Done::Ended,
            Self::Promote => Done::Promoted,
            Self::Demote => Done::Demoted,
            Self::Remove => Done::Removed,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct WishForm {
    wish: Wish,
}

#[derive(Deserialize)]
pub(crate) struct Notice {
    done: Option<Done>,
}

/// `GET /admin/people/{id}/`
pub(crate) async fn show_person(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    Path(id): Path<String>,
    Query(Notice { done }): Query<Notice>,
) -> Result<Response, Failure> {
    let account = find(&site, &administrator, &id).await?;
    let devices = devices(&site, &administrator, &account).await?;
    show(&PersonPage {
        page,
        account,
        devices,
        errors: FormErrors::default(),
        done,
    })
}

/// `POST /admin/people/{id}/`
pub(crate) async fn change(
    State(site): State<Arc<Site>>,
    page: Page,
    Admin(administrator): Admin,
    Path(id): Path<String>,
    Form(WishForm { wish }): Form<WishForm>,
) -> Result<Response, Failure> {
    let account = find(&site, &administrator, &id).await?;
    let changed = site
        .app
        .change_account(&administrator, &account, wish.change());
    let error = match changed.await {
        Ok(_) => {
            let next = match wish {
                Wish::Remove => people::PATH.to_owned(),
                _ => format!("{}{id}/", people::PATH),
            };
            return Ok(Redirect::to(&wish.done().at(&next)).into_response());
        }
        Err(error) => error,
    };
    let errors = FormErrors::explain(error.clone(), page.language)?;
    let devices = devices(&site, &administrator, &account).await?;
    show_refused(
        &error.into(),
        &PersonPage {
            page,
            account,
            devices,
            errors,
            done: None,
        },
    )
}

async fn find(site: &Site, by: &Administrator, id: &str) -> Result<Account, Error> {
    let id = id.parse().map_err(|_| Error::NoAccount)?;
    site.app.any_account(by, AccountId(id)).await
}

async fn devices(site: &Site, by: &Administrator, account: &Account) -> Result<Vec<Device>, Error> {
    let sessions = site.app.account_sessions(by, account).await?;
    let devices = sessions.iter().map(|session| Device {
        since: site.app.past(session.created_at),
        used: site.app.by_the_clock(session.last_used),
    });
    Ok(devices.collect())
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{account, at, html, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let device = Device {
            since: at("2025-11-24T18:51:34.120Z"),
            used: at("2026-11-24T18:51:34.120Z"),
        };
        let suspended = Account {
            is_suspended: true,
            ..account(false)
        };
        let last = FormErrors::explain(Error::LastAdministrator, language).unwrap();
        let samples = [
            (account(true), vec![device], last, None),
            (account(false), vec![device], FormErrors::default(), None),
            (
                suspended,
                Vec::new(),
                FormErrors::default(),
                Some(Done::Suspended),
            ),
        ];
        let sample = |(account, devices, errors, done)| {
            html(&PersonPage {
                page: page(language),
                account,
                devices,
                errors,
                done,
            })
        };
        samples.map(sample).into()
    }
}
