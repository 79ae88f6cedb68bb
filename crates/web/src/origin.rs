//! The origin of a request: the check of pages and sockets against other sites' pages.

use std::fmt;
use std::str::FromStr;

use http::header::{HOST, ORIGIN, REFERER};
use http::uri::{Authority, Uri};
use http::{HeaderMap, HeaderName};

use crate::caller::came_by_tls;
use crate::settings::WebSettings;

/// Scheme, host and port of a page: `https://papo.example.org`, `http://192.168.0.7:8000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// How much of an address is logged; a stranger may have made it up.
const SHOWN_CHARACTERS: usize = 100;

/// Not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not of the form https://host or http://host:port")]
pub struct OriginError;

impl Origin {
    /// Whether pages of this origin come over TLS.
    pub fn is_secure(&self) -> bool {
        self.scheme == Scheme::Https
    }

    fn new(scheme: Scheme, authority: &Authority) -> Result<Self, OriginError> {
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(OriginError);
        }
        let port = match authority.port() {
            Some(port) => port.as_str().parse().map_err(|_| OriginError)?,
            // The port is no number.
            None if authority.as_str() != authority.host() => return Err(OriginError),
            None => scheme.port(),
        };
        Ok(Self {
            scheme,
            host: authority.host().to_ascii_lowercase(),
            port,
        })
    }

    /// The origin of a page's address, as in `Referer`.
    fn of_page(address: &str) -> Result<Self, OriginError> {
        let address: Uri = address.parse().map_err(|_| OriginError)?;
        let scheme = match address.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err(OriginError),
        };
        Self::new(scheme, address.authority().ok_or(OriginError)?)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let authority = text
            .split_once("://")
            .map(|(_, rest)| rest)
            .ok_or(OriginError)?;
        if authority.contains(['/', '?', '#']) {
            Err(OriginError)
        } else if text.is_ascii() {
            Self::of_page(text)
        } else {
            Self::of_page(&in_ascii(text, authority)?)
        }
    }
}

/// The address with the host's name in the browsers' form, `xn--…`.
fn in_ascii(text: &str, authority: &str) -> Result<String, OriginError> {
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let scheme = text.strip_suffix(authority).ok_or(OriginError)?;
    let host = idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL);
    let host = host.map_err(|_| OriginError)?;
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{scheme}{host}{port}"))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.port() {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

/// Whether a page of this server made the request: its `Origin` is exactly the server's own.
/// Without an `Origin` it is `false`.
pub(crate) fn is_same_origin(headers: &HeaderMap, settings: &WebSettings) -> bool {
    single(headers, &ORIGIN)
        .and_then(|text| text.parse().ok())
        .is_some_and(|origin| is_own(&origin, headers, settings))
}

/// Whether the request's `Referer` is a page of this server.
pub(crate) fn is_own_referer(headers: &HeaderMap, settings: &WebSettings) -> bool {
    single(headers, &REFERER)
        .and_then(|text| Origin::of_page(text).ok())
        .is_some_and(|origin| is_own(&origin, headers, settings))
}

fn is_own(origin: &Origin, headers: &HeaderMap, settings: &WebSettings) -> bool {
    own_origin(headers, settings).is_some_and(|own| own == *origin)
}

/// This server's address: the public one, otherwise the host of the request. TLS is a proxy's, so
/// the scheme is `http` unless a proxy says otherwise. Any proxy is believed here: another site's
/// page can't make a browser send such a header.
fn own_origin(headers: &HeaderMap, settings: &WebSettings) -> Option<Origin> {
    if let Some(public) = &settings.public_url {
        return Some(public.clone());
    }
    let scheme = if came_by_tls(headers) {
        Scheme::Https
    } else {
        Scheme::Http
    };
    let host = single(headers, &HOST)?.parse::<Authority>().ok()?;
    Origin::new(scheme, &host).ok()
}

/// Logs that a page was refused, and what to do if it was one of this server's. A request that
/// doesn't say where it comes from is a program's, and isn't logged.
pub(crate) fn warn_of_refusal(what: &str, headers: &HeaderMap, settings: &WebSettings) {
    let stated = match single(headers, &ORIGIN) {
        Some(origin) => origin.parse(),
        None => match single(headers, &REFERER) {
            Some(page) => Origin::of_page(page),
            None => return,
        },
    };
    let page = stated.map_or_else(|_| "an unreadable address".to_owned(), |page| shown(&page));
    let own = own_origin(headers, settings);
    let own = own.map_or_else(|| "an unreadable host".to_owned(), |own| shown(&own));
    let why = match settings.public_url {
        Some(_) => "as the option public-url says",
        None => "as far as it can tell",
    };
    tracing::warn!(
        "refusing {what}: its page is at {page}, and this server is at {own}, {why}; \
         if people open the first address, set that option to it (--public-url or PAPO_PUBLIC_URL)"
    );
}

fn shown(origin: &Origin) -> String {
    origin.to_string().chars().take(SHOWN_CHARACTERS).collect()
}

/// A header's value, if it occurs exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same(origin: &str, host: &str, public_url: Option<&str>) -> bool {
        let settings = WebSettings {
            public_url: public_url.map(|url| url.parse().unwrap()),
            ..WebSettings::default()
        };
        let headers = HeaderMap::from_iter([
            (ORIGIN, origin.parse().unwrap()),
            (HOST, host.parse().unwrap()),
        ]);
        is_same_origin(&headers, &settings)
    }

    #[test]
    fn the_page_of_the_host_that_was_asked_is_ones_own() {
        for (origin, host) in [
            ("http://localhost:8000", "localhost:8000"),
            ("http://papo.example", "papo.example"),
            ("http://papo.example", "papo.example:80"),
            ("http://PAPO.example", "papo.EXAMPLE"),
            ("http://[::1]:8000", "[::1]:8000"),
        ] {
            assert!(is_same(origin, host, None), "{origin} {host}");
        }
    }

    #[test]
    fn the_same_host_by_the_other_scheme_is_another_page() {
        let is_same = |origin: &str, host: &str, scheme: Option<&str>| {
            let mut headers = HeaderMap::from_iter([
                (ORIGIN, origin.parse().unwrap()),
                (HOST, host.parse().unwrap()),
            ]);
            let proto = HeaderName::from_static("x-forwarded-proto");
            headers.extend(scheme.map(|scheme| (proto, scheme.parse().unwrap())));
            is_same_origin(&headers, &WebSettings::default())
        };
        let (plain, by_tls) = ("http://papo.example", "https://papo.example");
        assert!(is_same(plain, "papo.example", None));
        assert!(!is_same(by_tls, "papo.example", None));
        assert!(!is_same("https://127.0.0.1:8000", "127.0.0.1:8000", None));
        // A proxy's word about its own TLS.
        for scheme in ["https", "wss"] {
            assert!(is_same(by_tls, "papo.example", Some(scheme)));
            assert!(is_same(by_tls, "papo.example:443", Some(scheme)));
            assert!(!is_same(plain, "papo.example", Some(scheme)));
        }
        assert!(is_same(plain, "papo.example", Some("http")));
        assert!(!is_same(by_tls, "papo.example", Some("http")));
    }

    #[test]
    fn names_are_taken_in_any_script() {
        for (typed, expected) in [
            (
                "https://bate-papo.são.example",
                "https://bate-papo.xn--so-sia.example",
            ),
            (
                "https://FÜR-UNS.example:8443",
                "https://xn--fr-uns-3ya.example:8443",
            ),
            ("http://münchen.example:80", "http://xn--mnchen-3ya.example"),
            ("https://例え.jp", "https://xn--r8jz45g.jp"),
            ("https://XN--SO-SIA.example", "https://xn--so-sia.example"),
        ] {
            let origin = typed.parse::<Origin>().map(|origin| origin.to_string());
            assert_eq!(origin.as_deref(), Ok(expected), "{typed}");
        }
        for bad in [
            "https://ana:ção@example",
            "https://são paulo.example",
            "https://são.example/ção",
            "https://são.example:porta",
            "https://são.example:80:80",
            "https://\u{200d}.example",
            "https://são\u{202e}.example",
            "ção://são.example",
        ] {
            assert_eq!(bad.parse::<Origin>(), Err(OriginError), "{bad}");
        }
    }

    #[test]
    fn every_other_page_is_not() {
        for origin in [
            "null",
            "",
            "http://localhost",
            "http://localhost:8001",
            "http://localhost:8000.evil.example",
            "http://localhost:8000@evil.example",
            "http://evil@localhost:8000",
            "http://localhost:8000/",
            "http://localhost:8000/room/1/",
            "http://localhost:8000, http://localhost:8000",
            "ftp://localhost:8000",
            "localhost:8000",
            "http://localhost.:8000",
            "http://127.0.0.1:8000",
            "http://sub.localhost:8000",
            "http://localhost:",
        ] {
            assert!(!is_same(origin, "localhost:8000", None), "{origin}");
        }
        let twice = HeaderMap::from_iter([
            (ORIGIN, "http://a".parse().unwrap()),
            (HOST, "a".parse().unwrap()),
        ]);
        let mut twice = twice;
        twice.append(ORIGIN, "http://a".parse().unwrap());
        assert!(!is_same_origin(&twice, &WebSettings::default()));
    }

    #[test]
    fn a_public_address_is_the_only_one() {
        let public = Some("https://papo.example");
        assert!(is_same("https://papo.example", "10.0.0.1:8000", public));
        assert!(!is_same("http://papo.example", "papo.example", public));
        assert!(!is_same("https://evil.example", "evil.example", public));
    }
}
