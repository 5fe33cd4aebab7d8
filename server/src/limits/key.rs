//! What a request is counted under: one generator for all scopes.
//!
//! Keys are hashes under a secret of the process, so memory per key is constant
//! and nobody can choose two names that share a key.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use http::HeaderMap;

use super::Subject;
use crate::config::Network;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Two independent hashers: 128 bits, so that collisions stay out of reach of chance.
static HASHERS: LazyLock<(RandomState, RandomState)> =
    LazyLock::new(|| (RandomState::new(), RandomState::new()));

pub(super) fn of_address(address: IpAddr) -> u128 {
    hash(&("ip", network(address)))
}

pub(super) fn of_subject(subject: &Subject<'_>) -> u128 {
    let (class, endpoint) = (subject.target.class.name(), subject.target.endpoint);
    match subject.user {
        Some(user) => hash(&("user", user, class, endpoint)),
        None => hash(&("anonymous", network(subject.address), class, endpoint)),
    }
}

/// The caller's address: the peer's, or where the peer is a trusted proxy the nearest hop it does not vouch for.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let hops = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut nearest = peer;
    for hop in hops.iter().rev() {
        let Ok(address) = hop.parse() else { break };
        nearest = address;
        if !is_trusted(address) {
            break;
        }
    }
    nearest
}

/// One household or host has a whole /64 of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.into(),
            None => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        },
    }
}

fn hash(parts: &impl Hash) -> u128 {
    let half = |state: &RandomState| u128::from(state.hash_one(parts));
    half(&HASHERS.0) << 64 | half(&HASHERS.1)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn from(peer: &str, forwarded: &'static str) -> String {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static(FORWARDED_FOR),
            HeaderValue::from_static(forwarded),
        )]);
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_hops_are_believed() {
        assert_eq!(from("192.0.2.9", "198.51.100.1"), "192.0.2.9");
        assert_eq!(from("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(
            from("10.0.0.1", "203.0.113.5, 198.51.100.1, 10.0.0.2"),
            "198.51.100.1"
        );
        assert_eq!(from("10.0.0.1", "garbage"), "10.0.0.1");
    }

    #[test]
    fn an_ipv6_network_is_one_caller() {
        assert_eq!(
            of_address("2001:db8::1".parse().unwrap()),
            of_address("2001:db8::ffff:2".parse().unwrap())
        );
        assert_ne!(
            of_address("2001:db8:0:1::1".parse().unwrap()),
            of_address("2001:db8::1".parse().unwrap())
        );
        assert_eq!(
            of_address("::ffff:192.0.2.1".parse().unwrap()),
            of_address("192.0.2.1".parse().unwrap())
        );
    }
}
