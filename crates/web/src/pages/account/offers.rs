//! `/account/devices/add/` and `/device/{offer}/`: signing in on another device, by a QR code.
//!
//! The pages ask again by themselves while they wait for the other device, without a script.

use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use http::HeaderMap;
use http::header::{HOST, SET_COOKIE, USER_AGENT};
use papo_app::{Error, OfferSeen};
use papo_domain::DeviceText;
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Deserialize;

use super::Done;
use crate::caller::Caller;
use crate::cookies::{device_marks, offer_taker, set_offer_taker};
use crate::failure::Failure;
use crate::page::{Page, show};
use crate::pages::sign_in::welcome;
use crate::site::Site;
use crate::visitor::{Guest, Owner};

/// The light border of a QR code, in modules.
const BORDER: i32 = 4;

/// The page of the device that is signed in.
#[derive(Template)]
#[template(path = "account/offer.html")]
pub(crate) struct OfferPage {
    pub(crate) page: Page,
    pub(crate) done: Option<Done>,
    pub(crate) has_account: bool,
    pub(crate) state: OfferState,
}

/// What the device that is signed in shows.
pub(crate) enum OfferState {
    /// The code, and its address.
    Waiting(Picture, String),
    /// What has taken the offer, and the number that it shows.
    Taken(String, i64),
    /// Confirmed; the other device goes on by itself.
    Confirmed,
}

/// The page of the other device.
#[derive(Template)]
#[template(path = "account/device.html")]
pub(crate) struct DevicePage {
    pub(crate) page: Page,
    pub(crate) name: String,
    /// The number to compare, once this device has taken the offer.
    pub(crate) number: Option<i64>,
}

impl OfferPage {
    /// Whether the other device is to do something. The owner isn't, and sees the page again soon.
    fn is_waiting(&self) -> bool {
        !matches!(self.state, OfferState::Taken(..))
    }
}

impl DevicePage {
    /// The heading before and after the account's name.
    fn heading(&self) -> (String, String) {
        self.page.language.text_around("device-title", "name")
    }
}

/// A QR code as squares of one path.
pub(crate) struct Picture {
    size: i32,
    path: String,
}

impl Picture {
    fn of(text: &str) -> Result<Self, Error> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|error| {
            tracing::error!(%error, "an address doesn't fit a QR code");
            Error::Internal
        })?;
        let mut path = String::new();
        for y in 0..code.size() {
            for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
                let (x, y) = (x + BORDER, y + BORDER);
                write!(path, "M{x} {y}h1v1h-1z").expect("a String takes everything");
            }
        }
        Ok(Self {
            size: code.size() + 2 * BORDER,
            path,
        })
    }
}

/// The number that the owner compared; without it they take the offer back.
#[derive(Deserialize)]
pub(crate) struct AnswerForm {
    #[serde(default)]
    number: Option<i64>,
}

/// `POST /account/devices/add/`
pub(crate) async fn make(
    State(site): State<Arc<Site>>,
    caller: Caller,
    Owner(visitor, _): Owner,
) -> Result<Redirect, Failure> {
    let offer = site.app.make_offer(&visitor, caller.address).await?;
    Ok(Redirect::to(&format!("/account/devices/add/{offer}/")))
}

/// `GET /account/devices/add/`
pub(crate) async fn begin(_: Owner) -> Redirect {
    Redirect::to("/account/devices/")
}

/// `GET /account/devices/add/{offer}/`
pub(crate) async fn show_own(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    headers: HeaderMap,
    Owner(visitor, _): Owner,
    Path(offer): Path<String>,
) -> Result<Response, Failure> {
    let found = match site.app.own_offer(&visitor, &offer).await {
        // It was used, or is too old. The list shows which.
        Err(Error::Offer) => {
            return Ok(Redirect::to("/account/devices/?done=offered").into_response());
        }
        found => found?,
    };
    let state = match found.taker {
        _ if found.is_confirmed => OfferState::Confirmed,
        Some(taker) if taker.device.is_empty() => {
            OfferState::Taken(page.text("device-unknown").into_owned(), taker.code)
        }
        Some(taker) => OfferState::Taken(taker.device.to_string(), taker.code),
        None => {
            let address = address(&site, &caller, &headers, &offer);
            OfferState::Waiting(Picture::of(&address)?, address)
        }
    };
    show(&OfferPage {
        page,
        done: None,
        has_account: true,
        state,
    })
}

/// `POST /account/devices/add/{offer}/`
pub(crate) async fn answer(
    State(site): State<Arc<Site>>,
    Owner(visitor, _): Owner,
    Path(offer): Path<String>,
    Form(AnswerForm { number }): Form<AnswerForm>,
) -> Result<Redirect, Failure> {
    let Some(number) = number else {
        site.app.end_offer(&visitor, &offer).await?;
        return Ok(Redirect::to("/account/devices/"));
    };
    match site.app.confirm_offer(&visitor, &offer, number).await {
        Ok(()) | Err(Error::Offer) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Redirect::to(&format!("/account/devices/add/{offer}/")))
}

/// The address of an offer, as another device can open it.
fn address(site: &Site, caller: &Caller, headers: &HeaderMap, offer: &str) -> String {
    let public = site.settings.public_url.as_ref().map(ToString::to_string);
    let base = public.unwrap_or_else(|| {
        let scheme = if caller.is_secure { "https" } else { "http" };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        format!("{scheme}://{}", host.unwrap_or_default())
    });
    format!("{}/device/{offer}/", base.trim_end_matches('/'))
}

/// `GET /device/{offer}/`
pub(crate) async fn show_device(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    headers: HeaderMap,
    Guest(visitor): Guest,
    Path(offer): Path<String>,
) -> Result<Response, Failure> {
    let taker = offer_taker(&headers, &caller);
    let (name, seen) = site.app.offer_seen(&offer, taker, caller.address).await?;
    let number = match seen {
        OfferSeen::Free => None,
        OfferSeen::Taken(number) => Some(number),
        OfferSeen::Confirmed => {
            let marks = device_marks(&headers, &caller);
            let claimed = site.app.claim_offer(visitor.as_ref(), &offer, taker, marks);
            return Ok(welcome(&claimed.await?, &caller, "/"));
        }
    };
    show(&DevicePage { page, name, number })
}

/// `POST /device/{offer}/`
pub(crate) async fn take(
    State(site): State<Arc<Site>>,
    caller: Caller,
    headers: HeaderMap,
    Path(offer): Path<String>,
) -> Result<Response, Failure> {
    let header = headers.get(USER_AGENT);
    let header = header.and_then(|value| value.to_str().ok());
    let device = DeviceText::of_user_agent(header.unwrap_or_default());
    let taker = site.app.take_offer(&offer, device, caller.address).await?;
    let cookie = AppendHeaders([(SET_COOKIE, set_offer_taker(&taker, &caller))]);
    Ok((cookie, Redirect::to(&format!("/device/{offer}/"))).into_response())
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::language::Language;
    use crate::sample_data::{HOSTILE, html, page};

    /// Renders the pages in each of their forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let own = |state| {
            html(&OfferPage {
                page: page(language),
                done: None,
                has_account: true,
                state,
            })
        };
        let other = |number| {
            html(&DevicePage {
                page: page(language),
                name: HOSTILE.to_owned(),
                number,
            })
        };
        vec![
            own(OfferState::Waiting(
                Picture::of("https://papo.example/").unwrap(),
                HOSTILE.to_owned(),
            )),
            own(OfferState::Taken(HOSTILE.to_owned(), 47)),
            own(OfferState::Confirmed),
            other(None),
            other(Some(47)),
        ]
    }
}
