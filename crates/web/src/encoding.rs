//! The compressed forms that a client accepts.

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// A compressed form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// RFC 7932. It is smaller, and browsers accept it over TLS.
    Brotli,
    /// RFC 1952.
    Gzip,
}

impl Encoding {
    /// Its name in headers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The form that the client prefers, brotli among equals; `None` when it accepts neither.
    pub(crate) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let (brotli, gzip) = (weight(headers, "br"), weight(headers, "gzip"));
        if brotli > 0.0 && brotli >= gzip {
            Some(Self::Brotli)
        } else {
            (gzip > 0.0).then_some(Self::Gzip)
        }
    }
}

/// The weight that the client gives a form, by its name or else by `*`.
fn weight(headers: &HeaderMap, form: &str) -> f32 {
    let values = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut others = 0.0;
    for offer in values.flat_map(|value| value.split(',')) {
        let mut parts = offer.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts
            .find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")))
            .map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0));
        if name.eq_ignore_ascii_case(form) {
            return weight;
        }
        if name == "*" {
            others = weight;
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_given_to_those_who_take_it() {
        let wanted = |value: &str| {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, value.parse().unwrap())]);
            Encoding::wanted(&headers)
        };
        for gzip in [
            "gzip",
            "br;q=0.5, gzip",
            "deflate,GZIP",
            "br;q=0, *",
            "gzip;q=0.1",
        ] {
            assert_eq!(wanted(gzip), Some(Encoding::Gzip), "{gzip}");
        }
        for brotli in [
            "br",
            "gzip, deflate, br, zstd",
            "*",
            "gzip;q=0, *",
            "gzip;q=0.5, br;q=0.5",
        ] {
            assert_eq!(wanted(brotli), Some(Encoding::Brotli), "{brotli}");
        }
        for neither in [
            "",
            "identity",
            "deflate",
            "gzip;q=0",
            "gzip;q=0, br;q=0, *",
            "*;q=0",
            "gzip;q=x",
        ] {
            assert_eq!(wanted(neither), None, "{neither}");
        }
        assert_eq!(Encoding::wanted(&HeaderMap::new()), None);
    }
}
