//! The settings of the HTTP server.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use papo_app::Clock;

use crate::origin::Origin;

/// What an operator can set about the HTTP server.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// The proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` the server believes.
    pub trusted_proxies: Vec<AddressRange>,
    /// The address at which people reach this server, if it differs from its own:
    /// `https://papo.example.org`.
    pub public_url: Option<Origin>,
    /// The most connections open at once; more wait.
    pub max_connections: usize,
    /// Who may read `/metrics`; nobody when empty.
    pub metrics_readers: Vec<AddressRange>,
    /// Writes what `/metrics` answers.
    pub metrics: MetricsWriter,
    /// How long requests and sockets have to finish when the server stops.
    pub stop_limit: Duration,
    /// The clock, for "5 minutes ago".
    pub clock: Clock,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            public_url: None,
            max_connections: 100_000,
            metrics_readers: Vec::new(),
            metrics: MetricsWriter::new(String::new),
            stop_limit: Duration::from_secs(20),
            clock: Clock::system(),
        }
    }
}

impl WebSettings {
    /// Whether a peer is one of the configured proxies.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|range| range.contains(peer))
    }
}

/// Writes the figures in Prometheus's text format.
#[derive(Clone)]
pub struct MetricsWriter(Arc<dyn Fn() -> String + Send + Sync>);

impl MetricsWriter {
    /// A writer from a function.
    pub fn new(write: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    pub(crate) fn write(&self) -> String {
        (self.0)()
    }
}

impl fmt::Debug for MetricsWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsWriter")
    }
}

/// An address, or all those that share its first bits: `192.0.2.1`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: IpAddr,
    bits: u8,
}

/// Not an address or range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an address or range of addresses: {0}")]
pub struct AddressRangeError(String);

impl AddressRange {
    /// Whether the address is in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                first.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.bits))
                    .unwrap_or(0);
                first.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for AddressRange {
    type Err = AddressRangeError;

    fn from_str(text: &str) -> Result<Self, AddressRangeError> {
        let wrong = || AddressRangeError(text.to_owned());
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(address, bits)| (address, Some(bits)));
        let first: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most {
            Err(wrong())
        } else {
            Ok(Self { first, bits })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_the_addresses_with_its_first_bits() {
        let contains = |range: &str, address: &str| {
            range
                .parse::<AddressRange>()
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(contains("127.0.0.1", "127.0.0.1"));
        assert!(!contains("127.0.0.1", "127.0.0.2"));
        assert!(contains("10.0.0.0/8", "10.200.3.4"));
        assert!(contains("10.0.0.0/8", "::ffff:10.200.3.4"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("0.0.0.0/0", "203.0.113.9"));
        assert!(contains("fd00::/8", "fdab::1"));
        assert!(!contains("::/0", "192.0.2.1"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for bad in [
            "",
            "localhost",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "1.2.3.4/",
        ] {
            assert!(bad.parse::<AddressRange>().is_err(), "{bad}");
        }
    }
}
