//! Cookies: reading one, and setting those that Papo has.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::caller::Caller;
use crate::language::{self, Language};

/// As long as a session lives unused.
const SESSION_SECONDS: u32 = 30 * 24 * 3_600;
const LANGUAGE_SECONDS: u32 = 365 * 24 * 3_600;

/// The value of the first cookie with this name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = values
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(candidate, _)| *candidate == name)
        .map(|(_, value)| value)
}

/// The session's token. On HTTPS only the cookie that no other host and no plain page can have set counts.
pub(crate) fn session_token<'a>(headers: &'a HeaderMap, caller: &Caller) -> Option<&'a str> {
    cookie(headers, session_name(caller))
}

/// Sets the session's cookie.
pub(crate) fn set_session(token: &str, caller: &Caller) -> HeaderValue {
    set(session_name(caller), token, SESSION_SECONDS, caller)
}

/// Removes the session's cookie.
pub(crate) fn forget_session(caller: &Caller) -> HeaderValue {
    set(session_name(caller), "", 0, caller)
}

/// Remembers the chosen language.
pub(crate) fn set_language(language: Language, caller: &Caller) -> HeaderValue {
    set(language::COOKIE, language.code(), LANGUAGE_SECONDS, caller)
}

fn session_name(caller: &Caller) -> &'static str {
    if caller.is_secure {
        "__Host-papo_session"
    } else {
        "papo_session"
    }
}

fn set(name: &str, value: &str, seconds: u32, caller: &Caller) -> HeaderValue {
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
        headers.append(COOKIE, "a=1; papo_session=x".parse().unwrap());
        headers.append(COOKIE, "b=2; __Host-papo_session=y".parse().unwrap());
        assert_eq!(cookie(&headers, "b"), Some("2"));
        assert_eq!(session_token(&headers, &caller(false)), Some("x"));
        assert_eq!(session_token(&headers, &caller(true)), Some("y"));
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
