//! Who asks: the address, and whether by HTTPS. A proxy is believed only when it is one of the configured ones.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use crate::origin::Origin;
use crate::settings::WebSettings;
use crate::site::Site;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The other end of the connection; the server puts it into each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The client's address, as far as it can be believed.
    pub(crate) address: IpAddr,
    /// The client's browser speaks HTTPS, to a proxy.
    pub(crate) is_secure: bool,
}

impl Caller {
    fn new(peer: IpAddr, headers: &HeaderMap, settings: &WebSettings) -> Self {
        let peer = peer.to_canonical();
        let is_proxy = settings.trusts(peer);
        let is_secure = match &settings.public_url {
            Some(public) => Origin::is_secure(public),
            None => {
                is_proxy && last(headers, &FORWARDED_PROTO).is_some_and(|scheme| scheme == "https")
            }
        };
        let address = if is_proxy {
            forwarded_for(headers, settings).unwrap_or(peer)
        } else {
            peer
        };
        Self { address, is_secure }
    }
}

impl FromRequestParts<Arc<Site>> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Infallible> {
        let peer = parts
            .extensions
            .get::<Peer>()
            .map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip());
        Ok(Self::new(peer, &parts.headers, &site.settings))
    }
}

/// The last address in the chain that isn't a trusted proxy: what stands before it, anyone can have written.
fn forwarded_for(headers: &HeaderMap, settings: &WebSettings) -> Option<IpAddr> {
    let values: Vec<_> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let chain = values.iter().rev().flat_map(|value| value.rsplit(','));
    for hop in chain {
        let address = hop.trim().parse::<IpAddr>().ok()?.to_canonical();
        if !settings.trusts(address) {
            return Some(address);
        }
    }
    None
}

fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        let settings = WebSettings {
            trusted_proxies: vec!["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap()],
            ..WebSettings::default()
        };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        headers.append(FORWARDED_PROTO, "https".parse().unwrap());
        let caller = Caller::new(peer.parse().unwrap(), &headers, &settings);
        assert_eq!(caller.is_secure, settings.trusts(peer.parse().unwrap()));
        caller.address.to_string()
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
