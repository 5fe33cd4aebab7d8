//! Whose request it is, as far as an address can tell.
//!
//! The peer of a connection is often a load balancer. Its word about who stands behind it is taken only if its
//! address is one of `trusted-proxies`, and only from the one header that it is known to write
//! (`forwarded-header`): a proxy that writes `X-Forwarded-For` passes a caller's own `Forwarded` through, so
//! believing both would let everybody choose an address. Hops are read from the nearest on, and the first that is
//! not trusted is the caller. A hop that is no address ends the reading at the last that was.
//!
//! Found once, outermost, and put on the request; nothing else reads these headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName};

use crate::config::Network;

/// The caller's address: an extension of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Which header the trusted proxies write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: caller, hop, hop`.
    XForwardedFor,
    /// `Forwarded: for=caller, for=hop` of RFC 7239.
    Forwarded,
}

impl ClientAddress {
    /// The peer, or behind trusted proxies the nearest hop that is not one of them.
    pub(crate) fn of(
        peer: IpAddr,
        headers: &HeaderMap,
        header: ForwardedHeader,
        trusted: &[Network],
    ) -> Self {
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
        let peer = peer.to_canonical();
        if !is_trusted(peer) {
            return Self(peer);
        }
        let mut nearest = peer;
        let values: Vec<&str> = headers
            .get_all(header.name())
            .iter()
            .map(|value| value.to_str().unwrap_or_default())
            .collect();
        for value in values.iter().rev() {
            for hop in value.rsplit(',') {
                let Some(address) = header.address(hop) else {
                    return Self(nearest);
                };
                nearest = address;
                if !is_trusted(address) {
                    return Self(nearest);
                }
            }
        }
        Self(nearest)
    }

    /// Whom a limit counts: the address, or its /64, since one household or host has all of an IPv6 network's.
    pub(crate) fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        }
    }
}

impl Default for ClientAddress {
    /// A request that came over no connection is nobody's in particular.
    fn default() -> Self {
        Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

impl ForwardedHeader {
    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => http::header::FORWARDED,
        }
    }

    fn address(self, hop: &str) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => node(hop.trim()),
            Self::Forwarded => {
                let mut pairs = hop.split(';').filter_map(|pair| pair.trim().split_once('='));
                let (_, named) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
                node(named.trim().trim_matches('"'))
            }
        }
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None if text.matches(':').count() == 1 => text.split_once(':')?.0,
        None => text,
    };
    host.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::FORWARDED;

    use super::*;

    const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

    fn found(peer: &str, header: ForwardedHeader, given: &[(HeaderName, &'static str)]) -> String {
        let headers: HeaderMap = given
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        let trusted = [
            Network::parse("10.0.0.0/8").unwrap(),
            Network::parse("fd00::/8").unwrap(),
        ];
        let ClientAddress(address) = ClientAddress::of(peer.parse().unwrap(), &headers, header, &trusted);
        address.to_string()
    }

    fn from(peer: &str, hops: &'static str) -> String {
        found(peer, ForwardedHeader::XForwardedFor, &[(X_FORWARDED_FOR, hops)])
    }

    #[test]
    fn only_trusted_hops_are_believed() {
        assert_eq!(from("192.0.2.9", "198.51.100.1"), "192.0.2.9");
        assert_eq!(from("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(
            from("10.0.0.1", "203.0.113.5, 198.51.100.1, 10.0.0.2"),
            "198.51.100.1"
        );
        assert_eq!(from("10.0.0.1", "10.0.0.3, 10.0.0.2"), "10.0.0.3");
        assert_eq!(from("::ffff:10.0.0.1", "198.51.100.1"), "198.51.100.1");
    }

    #[test]
    fn what_is_no_address_ends_the_reading() {
        for garbage in ["garbage", "", "unknown", "1.2.3.4.5", "[2001:db8::1", "999.1.1.1"] {
            assert_eq!(from("10.0.0.1", garbage), "10.0.0.1", "{garbage}");
        }
        assert_eq!(from("10.0.0.1", "198.51.100.1, garbage, 10.0.0.2"), "10.0.0.2");
    }

    #[test]
    fn ports_and_brackets_are_no_part_of_an_address() {
        assert_eq!(from("10.0.0.1", "198.51.100.1:4711"), "198.51.100.1");
        assert_eq!(from("10.0.0.1", "[2001:db8::7]:4711"), "2001:db8::7");
        assert_eq!(from("fd00::1", "2001:db8::7"), "2001:db8::7");
    }

    #[test]
    fn several_header_lines_are_one_list() {
        let lines = [
            (X_FORWARDED_FOR, "203.0.113.5"),
            (X_FORWARDED_FOR, "198.51.100.1, 10.0.0.2"),
        ];
        assert_eq!(
            found("10.0.0.1", ForwardedHeader::XForwardedFor, &lines),
            "198.51.100.1"
        );
    }

    #[test]
    fn only_the_configured_header_is_read() {
        let both = [
            (X_FORWARDED_FOR, "198.51.100.1"),
            (
                FORWARDED,
                "for=203.0.113.5, for=\"[2001:db8::7]:80\";proto=https;by=10.0.0.1",
            ),
        ];
        assert_eq!(
            found("10.0.0.1", ForwardedHeader::XForwardedFor, &both),
            "198.51.100.1"
        );
        assert_eq!(
            found("10.0.0.1", ForwardedHeader::Forwarded, &both),
            "2001:db8::7"
        );
        let hidden = [(FORWARDED, "for=203.0.113.5, for=_hidden")];
        assert_eq!(found("10.0.0.1", ForwardedHeader::Forwarded, &hidden), "10.0.0.1");
    }

    #[test]
    fn an_ipv6_network_is_one_caller() {
        let network = |text: &str| ClientAddress(text.parse().unwrap()).network();
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
