//! The caller of a request: its address, and whether it came by HTTPS. Only a configured proxy is
//! believed.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName};

use crate::origin::Origin;
use crate::settings::WebSettings;
use crate::site::Site;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The other end of the connection. The server adds it to each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The caller of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The client's address, as far as it can be trusted.
    pub(crate) address: IpAddr,
    /// Whether the browser speaks HTTPS, to a proxy.
    pub(crate) is_secure: bool,
}

/// A part of a proxy's `X-Forwarded-For` that is no address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unreadable(String);

impl Caller {
    /// The caller, and the part of the proxy's header that couldn't be read.
    fn new(
        peer: IpAddr,
        headers: &HeaderMap,
        settings: &WebSettings,
    ) -> (Self, Result<(), Unreadable>) {
        let peer = peer.to_canonical();
        let is_proxy = settings.trusts(peer);
        let is_secure = match &settings.public_url {
            Some(public) => Origin::is_secure(public),
            None => is_proxy && came_by_tls(headers),
        };
        let forwarded = if is_proxy {
            forwarded_for(headers, settings)
        } else {
            Ok(None)
        };
        let (address, understood) = match forwarded {
            Ok(address) => (address.unwrap_or(peer), Ok(())),
            Err(unreadable) => (peer, Err(unreadable)),
        };
        (Self { address, is_secure }, understood)
    }
}

impl Caller {
    /// The caller of a request with these headers. The server has added the peer to its extensions.
    pub(crate) fn of(headers: &HeaderMap, extensions: &Extensions, site: &Site) -> Self {
        let peer = extensions
            .get::<Peer>()
            .map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip());
        let (caller, understood) = Self::new(peer, headers, &site.settings);
        if let Err(Unreadable(form)) = understood
            && !site.has_told_of_forwarding.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                form,
                "a trusted proxy's X-Forwarded-For has something that is no address, so the proxy's own \
                 counts in its place (said once)"
            );
        }
        caller
    }
}

impl FromRequestParts<Arc<Site>> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Self>().copied();
        Ok(known.unwrap_or_else(|| Self::of(&parts.headers, &parts.extensions, site)))
    }
}

/// The last address in the chain that isn't a trusted proxy. Anybody can have written what stands
/// before it.
fn forwarded_for(
    headers: &HeaderMap,
    settings: &WebSettings,
) -> Result<Option<IpAddr>, Unreadable> {
    for value in headers.get_all(FORWARDED_FOR).iter().rev() {
        let hops = value.as_bytes().rsplit(|&byte| byte == b',');
        for hop in hops.map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty()) {
            let address = hop_address(hop).ok_or_else(|| Unreadable(form_of(hop)))?;
            if !settings.trusts(address) {
                return Ok(Some(address));
            }
        }
    }
    Ok(None)
}

/// The address of a hop. Some proxies write it with a port, in brackets, or with a zone.
fn hop_address(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim_matches('"');
    let (host, port) = match hop.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        // One colon precedes a port; more belong to an IPv6 address.
        None if hop.matches(':').count() == 1 => hop.split_at(hop.find(':')?),
        None => (hop, ""),
    };
    let is_port = port.is_empty() || port.strip_prefix(':')?.parse::<u16>().is_ok();
    let host = host.split_once('%').map_or(host, |(host, _zone)| host);
    let address = host.parse::<IpAddr>().ok()?;
    is_port.then(|| address.to_canonical())
}

/// The form of a text without its content: addresses of people aren't logged.
fn form_of(hop: &[u8]) -> String {
    let text = String::from_utf8_lossy(hop);
    let has_colon = text.contains(':');
    let mask = |character: char| match character {
        '0'..='9' => '0',
        'a'..='f' | 'A'..='F' if has_colon => 'x',
        other => other,
    };
    text.chars().take(60).map(mask).collect()
}

/// Whether a proxy says that the browser uses TLS. Some say `wss` for a socket.
pub(crate) fn came_by_tls(headers: &HeaderMap) -> bool {
    let last = headers.get_all(FORWARDED_PROTO).iter().next_back();
    let scheme = last.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    scheme.is_some_and(|scheme| {
        let scheme = scheme.trim();
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        ask(peer, forwarded).0
    }

    /// The address, and whether the whole header could be read.
    fn ask(peer: &str, forwarded: &[&str]) -> (String, Result<(), Unreadable>) {
        let settings = WebSettings {
            trusted_proxies: vec!["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap()],
            ..WebSettings::default()
        };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.as_bytes().try_into().unwrap());
        }
        headers.append(FORWARDED_PROTO, "https".parse().unwrap());
        let (caller, understood) = Caller::new(peer.parse().unwrap(), &headers, &settings);
        assert_eq!(caller.is_secure, settings.trusts(peer.parse().unwrap()));
        (caller.address.to_string(), understood)
    }

    #[test]
    fn ports_brackets_and_zones_are_taken_off() {
        for (hop, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:50001", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
            ("fe80::1%eth0", "fe80::1"),
            ("1.1.1.1, 203.0.113.7:1, 10.0.0.9:8080", "203.0.113.7"),
            ("203.0.113.7, ", "203.0.113.7"),
        ] {
            let expected = (expected.to_owned(), Ok(()));
            assert_eq!(ask("127.0.0.1", &[hop]), expected, "{hop}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_without_what_it_says() {
        for (hop, form) in [
            ("unknown", "unknown"),
            ("203.0.113.7:http", "000.0.000.0:http"),
            ("203.0.113.7:99999", "000.0.000.0:00000"),
            ("[2001:db8::1", "[0000:xx0::0"),
            ("[2001:db8::1]443", "[0000:xx0::0]000"),
            ("198.51.100.1, caf\u{e9}", "caf\u{e9}"),
        ] {
            let expected = ("127.0.0.1".to_owned(), Err(Unreadable(form.into())));
            assert_eq!(ask("127.0.0.1", &[hop]), expected, "{hop}");
        }
        // What stands before an unreadable line is worthless: anybody can have written it.
        let unread = ask("127.0.0.1", &["198.51.100.1", "\u{e9}"]);
        assert_eq!(unread.0, "127.0.0.1");
        assert!(unread.1.is_err());
        assert!(ask("203.0.113.9", &["unknown"]).1.is_ok());
    }

    #[test]
    fn a_socket_by_tls_is_by_tls() {
        for (scheme, by_tls) in [
            ("https", true),
            ("HTTPS", true),
            ("wss", true),
            ("http, https", true),
            ("https, http", false),
            ("ws", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(FORWARDED_PROTO, scheme.parse().unwrap())]);
            assert_eq!(came_by_tls(&headers), by_tls, "{scheme}");
        }
        assert!(!came_by_tls(&HeaderMap::new()));
    }

    #[test]
    fn only_a_configured_proxy_is_believed() {
        assert_eq!(address("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(address("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            address("::ffff:127.0.0.1", &["198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(address("127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn what_the_client_itself_wrote_is_not_believed() {
        assert_eq!(
            address("127.0.0.1", &["1.1.1.1, 198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            address("127.0.0.1", &["1.1.1.1, 198.51.100.1, 10.2.3.4"]),
            "198.51.100.1"
        );
        assert_eq!(
            address("127.0.0.1", &["1.1.1.1", "198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            address("127.0.0.1", &["198.51.100.1, nonsense"]),
            "127.0.0.1"
        );
    }
}
