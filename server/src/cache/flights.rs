//! One filler a key: who asks for what somebody else is already fetching waits for that.
//!
//! Waiting is a hint and never a promise: whoever waited looks into the cache again, and what is not there (it was
//! refused, too large, or invalidated on the way) it fetches itself. So nobody is given what it might not see.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::key::Key;

/// How a fetch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Landing {
    /// It is still under way.
    Flying,
    /// What came is kept.
    Kept,
    /// What came was out of date already, or the fetcher left: somebody else should try.
    Lost,
    /// What came is not to be kept: everybody fetches for themselves.
    Unkept,
}

/// Fetches under way.
#[derive(Debug, Default, Clone)]
pub(crate) struct Flights(Arc<Mutex<HashMap<Key, watch::Receiver<Landing>>>>);

/// Whose turn it is.
pub(crate) enum Turn {
    /// The caller's: it fetches.
    Fetch(Flight),
    /// Somebody else's: it is waited for.
    Wait(watch::Receiver<Landing>),
}

/// A fetch under way; dropped, it counts as lost.
pub(crate) struct Flight {
    key: Key,
    flights: Flights,
    landing: watch::Sender<Landing>,
}

impl Flights {
    pub(crate) fn turn(&self, key: Key) -> Turn {
        let mut flying = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flying.get(&key) {
            return Turn::Wait(flight.clone());
        }
        let (landing, seen) = watch::channel(Landing::Flying);
        flying.insert(key, seen);
        Turn::Fetch(Flight {
            key,
            flights: self.clone(),
            landing,
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Waits until the fetch has ended, however.
pub(crate) async fn landed(mut flight: watch::Receiver<Landing>) -> Landing {
    match flight.wait_for(|landing| *landing != Landing::Flying).await {
        Ok(landing) => *landing,
        Err(_) => Landing::Lost,
    }
}

impl Flight {
    pub(crate) fn land(self, landing: Landing) {
        self.landing.send_replace(landing);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flying = self.flights.0.lock().unwrap_or_else(PoisonError::into_inner);
        flying.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [1; 32];

    #[tokio::test]
    async fn one_fetches_and_the_others_wait() {
        let flights = Flights::default();
        let Turn::Fetch(flight) = flights.turn(KEY) else {
            panic!("nobody fetches")
        };
        let Turn::Wait(waiting) = flights.turn(KEY) else {
            panic!("two fetch")
        };
        let waiter = tokio::spawn(landed(waiting));
        flight.land(Landing::Kept);
        assert_eq!(waiter.await.unwrap(), Landing::Kept);
        assert!(matches!(flights.turn(KEY), Turn::Fetch(_)));
    }

    #[tokio::test]
    async fn whoever_waits_for_somebody_who_leaves_is_told() {
        let flights = Flights::default();
        let Turn::Fetch(flight) = flights.turn(KEY) else {
            panic!("nobody fetches")
        };
        let Turn::Wait(waiting) = flights.turn(KEY) else {
            panic!("two fetch")
        };
        drop(flight);
        assert_eq!(landed(waiting).await, Landing::Lost);
        assert_eq!(flights.len(), 0);
    }
}
