//! How many connections there are, in total and from each network; over a cap a new one is refused.
//!
//! The cap for one network keeps one host from taking every place. A trusted proxy
//! speaks for many, so it has only the total to mind.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::client_address::ClientAddress;
use crate::config::{ConnectionsConfig, Network};

/// The counts, shared by every accept loop.
#[derive(Debug, Clone)]
pub(super) struct Census(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    most_from_one: usize,
    trusted: Vec<Network>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Total,
    FromOne,
}

impl Full {
    /// The word for it in metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Total => "connections",
            Self::FromOne => "connections_of_address",
        }
    }
}

/// A connection's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    census: Census,
    network: Option<IpAddr>,
}

impl Census {
    pub(super) fn new(config: &ConnectionsConfig, trusted: &[Network]) -> Self {
        Self(Arc::new(Shared {
            most: config.most,
            most_from_one: config.most_from_one,
            trusted: trusted.to_vec(),
            counts: Mutex::default(),
        }))
    }

    /// Takes a place.
    ///
    /// # Errors
    /// When there is none left.
    pub(super) fn admit(&self, peer: IpAddr) -> Result<Place, Full> {
        let shared = &*self.0;
        let is_trusted = shared.trusted.iter().any(|network| network.contains(peer));
        let network = (!is_trusted).then(|| ClientAddress(peer).network());
        let mut counts = self.counts();
        if counts.total >= shared.most {
            return Err(Full::Total);
        }
        if let Some(network) = network {
            let from_one = counts.by_network.entry(network).or_default();
            if *from_one >= shared.most_from_one {
                return Err(Full::FromOne);
            }
            *from_one += 1;
        }
        counts.total += 1;
        Ok(Place {
            census: self.clone(),
            network,
        })
    }

    /// Connections there are now.
    pub(super) fn total(&self) -> usize {
        self.counts().total
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.census.counts();
        counts.total = counts.total.saturating_sub(1);
        let Some(network) = self.network else { return };
        if let Some(from_one) = counts.by_network.get_mut(&network) {
            *from_one = from_one.saturating_sub(1);
            if *from_one == 0 {
                counts.by_network.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    fn census(most: &str, from_one: &str) -> Census {
        let source = Source::from_pairs([
            ("SEAWALL_MAX_CONNECTIONS", most),
            ("SEAWALL_MAX_CONNECTIONS_PER_ADDRESS", from_one),
        ]);
        let config = ConnectionsConfig::read(&source, false).unwrap();
        Census::new(&config, &[Network::parse("10.0.0.0/8").unwrap()])
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_cannot_take_every_place() {
        let census = census("10", "2");
        let _held = [
            census.admit(ip("2001:db8::1")).unwrap(),
            census.admit(ip("2001:db8::2")).unwrap(),
        ];
        assert_eq!(census.admit(ip("2001:db8::3")).unwrap_err(), Full::FromOne);
        assert!(census.admit(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn a_trusted_proxy_minds_only_the_total() {
        let census = census("3", "1");
        let held: Vec<Place> = (0..3).map(|_| census.admit(ip("10.0.0.1")).unwrap()).collect();
        assert_eq!(census.admit(ip("192.0.2.1")).unwrap_err(), Full::Total);
        drop(held);
        assert_eq!(census.total(), 0);
    }

    #[test]
    fn what_is_given_back_leaves_nothing() {
        let census = census("10", "2");
        drop(census.admit(ip("192.0.2.1")));
        assert!(census.counts().by_network.is_empty());
        assert_eq!(census.total(), 0);
    }
}
