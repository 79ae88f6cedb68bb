//! Where a request comes from: the check that pages and sockets share against other sites' pages.

use std::fmt;
use std::str::FromStr;

use http::header::{HOST, ORIGIN, REFERER};
use http::uri::{Authority, Uri};
use http::{HeaderMap, HeaderName};

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
            None if authority.as_str().ends_with(':') => return Err(OriginError),
            None => scheme.port(),
        };
        Ok(Self {
            scheme,
            host: authority.host().to_ascii_lowercase(),
            port,
        })
    }

    /// The origin of a page's whole address, as `Referer` has it.
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
        } else {
            Self::of_page(text)
        }
    }
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

/// Whether the request was made by a page of this server: its `Origin` is exactly the public address, or,
/// when none is set, the host that was asked. Without an `Origin` the answer is no.
pub(crate) fn is_same_origin(headers: &HeaderMap, settings: &WebSettings) -> bool {
    single(headers, &ORIGIN)
        .and_then(|text| text.parse().ok())
        .is_some_and(|origin| is_own(&origin, headers, settings))
}

/// Whether the page that the request says it comes from is one of this server's.
pub(crate) fn is_own_referer(headers: &HeaderMap, settings: &WebSettings) -> bool {
    single(headers, &REFERER)
        .and_then(|text| Origin::of_page(text).ok())
        .is_some_and(|origin| is_own(&origin, headers, settings))
}

fn is_own(origin: &Origin, headers: &HeaderMap, settings: &WebSettings) -> bool {
    if let Some(public) = &settings.public_url {
        return origin == public;
    }
    single(headers, &HOST)
        .and_then(|host| host.parse::<Authority>().ok())
        .and_then(|host| Origin::new(origin.scheme, &host).ok())
        .is_some_and(|asked| asked == *origin)
}

/// A header's value when it is there exactly once.
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
            ("https://papo.example", "papo.example"),
            ("https://papo.example", "papo.example:443"),
            ("https://PAPO.example", "papo.EXAMPLE"),
            ("http://[::1]:8000", "[::1]:8000"),
        ] {
            assert!(is_same(origin, host, None), "{origin} {host}");
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
