//! Rate limits, the policy document, and which proxies are believed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use seawall_policy::limit::Quota;
use seawall_policy::policy::{Policy, PolicyDraft, Value};
use seawall_policy::time::Span;

use super::expensive::{self, Expensive};
use super::key;
use super::{ClaimPath, ConfigError, Source, Tiers};
use crate::client_address::ForwardedHeader;

/// What is limited, and by which numbers.
#[derive(Debug, Clone)]
pub struct LimitsConfig {
    /// Whether requests are limited.
    pub enabled: bool,
    /// The policy document both sides share.
    pub policy: Policy,
    /// What each tier allows.
    pub tiers: Tiers,
    /// Where the caller's organisation is in the claims, for those whose request names none.
    pub organisation_claim: ClaimPath,
    /// Tokens that nobody signed, of one address.
    pub failed_tokens: Option<Quota>,
    /// Operations counted by the tier's quota for expensive ones as well.
    pub expensive: Vec<Expensive>,
    /// Limits of endpoints over all their callers.
    pub endpoints: BTreeMap<String, Quota>,
    /// Where a refused caller can get a higher tier.
    pub upgrade: Option<String>,
    /// Instances that share the limits, at least.
    pub instances: u32,
    /// Percent of a burst given at once when Redis is lost.
    pub degraded_burst: u32,
    /// Most keys remembered.
    pub most_keys: usize,
    /// Hops whose word about the caller's address is believed.
    pub trusted_proxies: Vec<Network>,
    /// The header in which they say it.
    pub forwarded_header: ForwardedHeader,
}

impl LimitsConfig {
    pub(super) fn read(source: &Source, postgrest: bool) -> Result<Self, ConfigError> {
        let networks = source.list(&key::TRUSTED_PROXIES)?.unwrap_or_default();
        let trusted_proxies = networks.iter().map(|text| {
            Network::parse(text).ok_or_else(|| {
                ConfigError::new(
                    key::TRUSTED_PROXIES.name,
                    "trusted-proxies",
                    format!("{text:?} is not an address or network"),
                )
            })
        });
        Ok(Self {
            enabled: source.flag(&key::RATE_LIMITS, !postgrest)?,
            policy: policy(source)?,
            tiers: Tiers::read(source)?,
            organisation_claim: super::auth::organisation_claim(source)?,
            failed_tokens: failed_tokens(source)?,
            expensive: expensive_operations(source)?,
            endpoints: source
                .list(&key::ENDPOINT_LIMITS)?
                .map_or(Ok(BTreeMap::new()), |items| {
                    expensive::endpoint_quotas(&items).map_err(|problem| {
                        ConfigError::new(key::ENDPOINT_LIMITS.name, "endpoint-limits", problem)
                    })
                })?,
            upgrade: source.text(&key::UPGRADE_URL)?,
            instances: source.number(&key::LIMIT_INSTANCES, 1..=1024)?.unwrap_or(1),
            degraded_burst: source.number(&key::DEGRADED_BURST, 0..=100)?.unwrap_or(0),
            most_keys: source
                .number(&key::LIMIT_KEYS, 10_000..=1_000_000_000)?
                .unwrap_or(3_600_000),
            trusted_proxies: trusted_proxies.collect::<Result<_, _>>()?,
            forwarded_header: source.choice(
                &key::FORWARDED_HEADER,
                &[
                    ("x-forwarded-for", ForwardedHeader::XForwardedFor),
                    ("forwarded", ForwardedHeader::Forwarded),
                ],
                ForwardedHeader::XForwardedFor,
            )?,
        })
    }
}

fn failed_tokens(source: &Source) -> Result<Option<Quota>, ConfigError> {
    let limit = source.number(&key::FAILED_TOKENS, 0..=1_000_000)?.unwrap_or(60);
    Ok(Quota::try_new(limit, Span::from_secs(60)).ok())
}

/// Exports and uploads, unless said otherwise: calls and counts are too ordinary to be ten an hour.
fn expensive_operations(source: &Source) -> Result<Vec<Expensive>, ConfigError> {
    let items = source.list(&key::EXPENSIVE_OPERATIONS)?;
    let Some(items) = items else {
        return Ok(vec![Expensive::Exports, Expensive::Uploads]);
    };
    let parsed: Result<_, String> = items.iter().map(|item| Expensive::parse(item)).collect();
    parsed
        .map_err(|problem| ConfigError::new(key::EXPENSIVE_OPERATIONS.name, "expensive-operations", problem))
}

/// The file's `[policy]` table under the whole document of the environment.
fn policy(source: &Source) -> Result<Policy, ConfigError> {
    let given = source.parsed(&key::POLICY, |text| {
        Policy::from_json(text).map_err(|error| error.to_string())
    })?;
    if let Some(policy) = given {
        return Ok(policy);
    }
    let mut draft = PolicyDraft::default();
    let refused = |path: &str, problem: String| ConfigError::new(path, source.file_name(), problem);
    for (path, text) in source.policy_settings() {
        let value = match (text.parse::<bool>(), text.parse::<f64>()) {
            (Ok(yes), _) => Value::Flag(yes),
            (Err(_), Ok(number)) => Value::Number(number),
            (Err(_), Err(_)) => Value::Text(text),
        };
        draft
            .set(path, value)
            .map_err(|error| refused(path, error.to_string()))?;
    }
    draft
        .finish()
        .map_err(|error| refused("policy", error.to_string()))
}

/// An address or a network such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: u128,
    mask: u128,
}

impl Network {
    /// Parses an address, or a network in prefix notation.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length = length.unwrap_or(width);
        if length > width {
            return None;
        }
        let mask = u128::MAX.checked_shl(width - length).unwrap_or(0);
        Some(Self {
            address: bits(address) & mask,
            mask,
        })
    }

    /// Whether an address is in the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.address
    }
}

/// IPv4 as IPv6 writes it, so that one comparison serves both.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_what_they_say() {
        let contains = |network: &str, address: &str| {
            Network::parse(network)
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.200.1.1") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("127.0.0.1", "127.0.0.1") && !contains("127.0.0.1", "127.0.0.2"));
        assert!(contains("2001:db8::/32", "2001:db8::1") && !contains("2001:db8::/32", "2001:db9::1"));
        assert!(contains("0.0.0.0/0", "8.8.8.8") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("10.0.0.0/8", "::ffff:10.0.0.1"));
        for nonsense in ["", "10.0.0.0/33", "localhost", "10.0.0.0/x"] {
            assert_eq!(Network::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_policy_comes_from_file_or_environment_and_errors_name_the_setting() {
        let source = Source::default()
            .with_toml("seawall.toml", "[policy.limits.reads]\nlimit = 7")
            .unwrap();
        assert!(LimitsConfig::read(&source, false).is_ok());
        let source = Source::default()
            .with_toml("seawall.toml", "[policy.limits.reads]\nlimit = 0")
            .unwrap();
        assert_eq!(
            LimitsConfig::read(&source, false).unwrap_err().key,
            "limits.reads.limit"
        );
        let source = Source::from_pairs([("SEAWALL_POLICY", "{\"brekaer\": {\"resetTimeout\": 1}}")]);
        assert_eq!(LimitsConfig::read(&source, false).unwrap_err().key, "policy");
    }
}
