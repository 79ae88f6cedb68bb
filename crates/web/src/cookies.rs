//! Papo's cookies: how they are read and set.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use papo_app::OFFER_LIFETIME;
use papo_domain::SESSION_LIFETIME;
use serde::Deserialize;

use crate::caller::Caller;
use crate::language::{self, Language};

/// As long as an unused session lives.
const SESSION_SECONDS: u64 = SESSION_LIFETIME.as_secs();
const LANGUAGE_SECONDS: u64 = 365 * 24 * 3_600;
const DEVICE_SECONDS: u64 = 365 * 24 * 3_600;

/// The most tokens of a request that are looked up.
const MOST_TOKENS: usize = 4;
/// The characters of a session's token.
const TOKEN_CHARACTERS: usize = 43;

/// The value of the first readable cookie with this name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    cookies(headers, name).next()
}

/// The values of the readable cookies with this name. Other programs on the same host may set
/// cookies with any bytes.
fn cookies<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(COOKIE).iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|&byte| byte == b';'));
    pairs.filter_map(move |pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?;
        std::str::from_utf8(value.strip_prefix(b"=")?).ok()
    })
}

/// The possible tokens of the session. There are several if a script or another program has set a
/// cookie of the same name for some path. On HTTPS only the cookie counts that no other host and no
/// plain page can have set.
pub(crate) fn session_tokens<'a>(
    headers: &'a HeaderMap,
    caller: &Caller,
) -> impl Iterator<Item = &'a str> {
    let found = cookies(headers, session_name(caller));
    found.filter(|value| is_token(value)).take(MOST_TOKENS)
}

/// The first possible token.
pub(crate) fn session_token<'a>(headers: &'a HeaderMap, caller: &Caller) -> Option<&'a str> {
    session_tokens(headers, caller).next()
}

/// Whether a value has the form of a token.
fn is_token(value: &str) -> bool {
    let is_of_tokens = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    value.len() == TOKEN_CHARACTERS && value.bytes().all(is_of_tokens)
}

/// Sets the session's cookie.
pub(crate) fn set_session(token: &str, caller: &Caller) -> HeaderValue {
    set(session_name(caller), token, SESSION_SECONDS, caller)
}

/// Removes the session's cookie.
pub(crate) fn forget_session(caller: &Caller) -> HeaderValue {
    set(session_name(caller), "", 0, caller)
}

/// The marks that this browser keeps of earlier sign-ins.
pub(crate) fn device_marks<'a>(headers: &'a HeaderMap, caller: &Caller) -> &'a str {
    cookie(headers, device_name(caller)).unwrap_or_default()
}

/// Sets the cookie by which the server knows the browser at its next sign-in. Signing out keeps it.
pub(crate) fn set_device(kept: &str, caller: &Caller) -> HeaderValue {
    set(device_name(caller), kept, DEVICE_SECONDS, caller)
}

/// What this browser keeps of an offer to sign in that it has taken.
pub(crate) fn offer_taker<'a>(headers: &'a HeaderMap, caller: &Caller) -> &'a str {
    cookie(headers, offer_name(caller)).unwrap_or_default()
}

/// Sets the cookie by which the server knows the browser that has taken an offer.
pub(crate) fn set_offer_taker(taker: &str, caller: &Caller) -> HeaderValue {
    set(offer_name(caller), taker, OFFER_LIFETIME.as_secs(), caller)
}

fn offer_name(caller: &Caller) -> &'static str {
    if caller.is_secure {
        "__Host-papo_offer"
    } else {
        "papo_offer"
    }
}

fn device_name(caller: &Caller) -> &'static str {
    if caller.is_secure {
        "__Host-papo_device"
    } else {
        "papo_device"
    }
}

/// Remembers the chosen language.
pub(crate) fn set_language(language: Language, caller: &Caller) -> HeaderValue {
    set(language::COOKIE, language.code(), LANGUAGE_SECONDS, caller)
}

/// Whether this request follows a page that set a cookie: a browser that sends none keeps none.
/// Both the address and the browser must say so, since an address can be kept or shared.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct CookieCheck {
    #[serde(default)]
    cookie: String,
}

impl CookieCheck {
    /// The pair that marks the address.
    pub(crate) const QUERY: (&str, &str) = ("cookie", "set");

    /// Whether this request should bring a cookie.
    pub(crate) fn is_due(&self) -> bool {
        self.cookie == Self::QUERY.1
    }
}

fn session_name(caller: &Caller) -> &'static str {
    if caller.is_secure {
        "__Host-papo_session"
    } else {
        "papo_session"
    }
}

fn set(name: &str, value: &str, seconds: u64, caller: &Caller) -> HeaderValue {
    let secure = if caller.is_secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).expect("tokens and language codes are plain ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(is_secure: bool) -> Caller {
        Caller {
            address: [127, 0, 0, 1].into(),
            is_secure,
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        let (plain, secure) = ("x".repeat(43), "y".repeat(43));
        let lines = [
            format!("a=1; papo_session={plain}"),
            format!("b=2; __Host-papo_session={secure}"),
        ];
        for line in lines {
            headers.append(COOKIE, line.parse().unwrap());
        }
        assert_eq!(cookie(&headers, "b"), Some("2"));
        assert_eq!(session_token(&headers, &caller(false)), Some(&*plain));
        assert_eq!(session_token(&headers, &caller(true)), Some(&*secure));
    }

    #[test]
    fn what_is_no_token_hides_none_and_only_a_few_are_tried() {
        let tokens: Vec<String> = ('a'..='z').map(|c| c.to_string().repeat(43)).collect();
        let pairs = tokens.iter().map(|token| format!("papo_session={token}"));
        let line = format!(
            "papo_session=lixo; papo_session=; papo_session={}; {}",
            "!".repeat(43),
            pairs.collect::<Vec<_>>().join("; ")
        );
        let headers = HeaderMap::from_iter([(COOKIE, line.parse().unwrap())]);
        let found: Vec<&str> = session_tokens(&headers, &caller(false)).collect();
        assert_eq!(found, tokens[..MOST_TOKENS]);
    }

    #[test]
    fn a_cookie_that_cannot_be_read_hides_no_other() {
        for line in [
            "visitor=Jo\u{e3}o; papo_session=x",
            "papo_session=x; visitor=Jo\u{e3}o",
            "papo_session; papo_sessions=y; papo_session=x",
            "=; ;;papo_session=x",
        ] {
            let line = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            let headers = HeaderMap::from_iter([(COOKIE, line)]);
            assert_eq!(cookie(&headers, "papo_session"), Some("x"));
        }
        let line = HeaderValue::from_bytes(b"papo_session=\xff; papo_session=x").unwrap();
        let headers = HeaderMap::from_iter([(COOKIE, line)]);
        assert_eq!(cookie(&headers, "papo_session"), Some("x"));
    }

    #[test]
    fn a_session_on_https_is_bound_to_host_and_tls() {
        let cookie = set_session("token", &caller(true));
        let expected =
            "__Host-papo_session=token; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(cookie, expected);
        assert!(
            !set_session("token", &caller(false))
                .to_str()
                .unwrap()
                .contains("Secure")
        );
    }
}
