//! `/account/devices/`: where one has signed in.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{Redirect, Response};
use papo_domain::{SessionId, Timestamp};
use serde::Deserialize;

use super::{Done, DoneQuery};
use crate::failure::Failure;
use crate::page::{Page, show};
use crate::site::Site;
use crate::visitor::Owner;

#[derive(Template)]
#[template(path = "account/devices.html")]
pub(crate) struct DevicesPage {
    pub(crate) page: Page,
    pub(crate) done: Option<Done>,
    pub(crate) has_account: bool,
    /// This device first.
    pub(crate) devices: Vec<Device>,
}

/// A device on the page.
pub(crate) struct Device {
    session: SessionId,
    /// Browser and system, or that nobody knows them.
    text: String,
    is_this: bool,
    signed_in: Timestamp,
    last_used: Timestamp,
}

/// The device to end; all others without it.
#[derive(Deserialize)]
pub(crate) struct EndForm {
    #[serde(default)]
    device: Option<i64>,
}

/// `GET /account/devices/`
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    page: Page,
    Owner(visitor, _): Owner,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response, Failure> {
    let unknown = page.text("device-unknown");
    let devices = site.app.devices(&visitor).await?.into_iter();
    let mut devices: Vec<_> = devices
        .map(|device| Device {
            session: device.id,
            text: if device.device.is_empty() {
                unknown.to_string()
            } else {
                device.device.to_string()
            },
            is_this: device.id == visitor.session(),
            signed_in: site.app.past(device.created_at),
            last_used: site.app.by_the_clock(device.last_used),
        })
        .collect();
    devices.sort_by_key(|device| !device.is_this);
    show(&DevicesPage {
        page,
        done,
        has_account: true,
        devices,
    })
}

/// `POST /account/devices/`
pub(crate) async fn end(
    State(site): State<Arc<Site>>,
    Owner(visitor, _): Owner,
    Form(EndForm { device }): Form<EndForm>,
) -> Result<Redirect, Failure> {
    match device {
        Some(device) => site.app.end_device(&visitor, SessionId(device)).await?,
        None => {
            site.app.end_other_devices(&visitor).await?;
        }
    }
    Ok(Redirect::to("/account/devices/?done=ended"))
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, at, html, page};

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let device = |number: i64| Device {
            session: SessionId(number),
            text: HOSTILE.to_owned(),
            is_this: number == 1,
            signed_in: at("2026-01-31T00:00:00.000Z"),
            last_used: at("2026-11-24T18:56:34.120Z"),
        };
        let sample = |done, numbers: &[i64]| {
            html(&DevicesPage {
                page: page(language),
                done,
                has_account: true,
                devices: numbers.iter().map(|number| device(*number)).collect(),
            })
        };
        vec![sample(None, &[1]), sample(Some(Done::Ended), &[1, 2, 3])]
    }
}
