//! Which language a reader gets: the one they chose, else the one their browser asks for, else the
//! place's own, else Portuguese.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use papo_domain::PlaceLanguage;

use super::Language;
use crate::cookies::cookie;

/// The cookie that remembers the choice.
pub(crate) const COOKIE: &str = "papo_language";

/// The language for a request with these headers.
pub(crate) fn negotiate(headers: &HeaderMap, own: Option<PlaceLanguage>) -> Language {
    let chosen = cookie(headers, COOKIE).and_then(Language::from_code);
    // Whatever else the cookie holds.
    let asked = || {
        best(&String::from_utf8_lossy(
            headers.get(ACCEPT_LANGUAGE)?.as_bytes(),
        ))
    };
    let own = own.map_or(Language::Portuguese, Language::from);
    chosen.or_else(asked).unwrap_or(own)
}

/// The first of the most wanted languages that Papo speaks.
fn best(accept: &str) -> Option<Language> {
    let wanted = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let language = spoken(parts.next()?)?;
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
        (weight > 0.0).then_some((language, weight))
    });
    // `max_by` would return the last of equals.
    let (language, _) = wanted.reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    Some(language)
}

/// The language that a range like `pt`, `pt-PT` or `en-GB` means.
fn spoken(range: &str) -> Option<Language> {
    let primary = range.split('-').next()?;
    Language::ALL
        .into_iter()
        .find(|language| language.code()[..2].eq_ignore_ascii_case(primary))
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE as COOKIE_HEADER;

    use super::*;

    fn asked(accept: &str) -> Language {
        let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, accept.parse().unwrap())]);
        negotiate(&headers, None)
    }

    #[test]
    fn the_browsers_first_choice_that_is_spoken_wins() {
        for english in [
            "en",
            "en-GB,pt;q=0.8",
            "fr, en;q=0.5",
            "pt;q=0.1, en;q=0.2",
            "EN-us",
            "pt;q=0, en;q=0.1",
        ] {
            assert_eq!(asked(english), Language::English, "{english}");
        }
        for portuguese in [
            "",
            "pt",
            "pt-PT, en",
            "fr",
            "*",
            "en;q=0",
            "en;q=x",
            "pt;q=0.5,en;q=0.5",
        ] {
            assert_eq!(asked(portuguese), Language::Portuguese, "{portuguese}");
        }
    }

    #[test]
    fn the_places_own_language_comes_last() {
        let own = Some(PlaceLanguage::English);
        for (accept, expected) in [
            ("", Language::English),
            ("fr", Language::English),
            ("fr, pt;q=0.1", Language::Portuguese),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, accept.parse().unwrap())]);
            assert_eq!(negotiate(&headers, own), expected, "{accept}");
        }
    }

    #[test]
    fn what_was_chosen_is_remembered() {
        let headers = HeaderMap::from_iter([
            (ACCEPT_LANGUAGE, "pt-BR".parse().unwrap()),
            (COOKIE_HEADER, "a=b; papo_language=en".parse().unwrap()),
        ]);
        assert_eq!(negotiate(&headers, None), Language::English);
    }
}
