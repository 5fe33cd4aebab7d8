//! How many sockets are open: in all, from an address, of a user. A seat is given back when it is dropped.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use tokio::sync::watch;

use crate::client_address::ClientAddress;
use crate::config::WebSocketConfig;
use crate::error::ApiError;

/// The open sockets of one server.
#[derive(Clone)]
pub(crate) struct Sockets(Arc<Hall>);

struct Hall {
    most: usize,
    most_per_address: usize,
    most_per_user: usize,
    taken: Mutex<Taken>,
    closing: watch::Sender<bool>,
}

#[derive(Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
    by_user: HashMap<Arc<str>, usize>,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Total,
    Address,
    User,
}

/// The right to one open socket.
pub(super) struct Seat {
    sockets: Sockets,
    address: IpAddr,
    user: Option<Arc<str>>,
}

impl Sockets {
    pub(crate) fn new(config: &WebSocketConfig) -> Self {
        Self(Arc::new(Hall {
            most: config.most,
            most_per_address: config.most_per_address,
            most_per_user: config.most_per_user,
            taken: Mutex::default(),
            closing: watch::channel(false).0,
        }))
    }

    /// Open sockets.
    pub(crate) fn count(&self) -> usize {
        self.with(|taken| taken.total)
    }

    /// Tells every socket that the server stops.
    pub(super) fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// Comes back when the server stops.
    pub(crate) async fn closing(&self) {
        let mut closing = self.0.closing.subscribe();
        while !*closing.borrow_and_update() && closing.changed().await.is_ok() {}
    }

    pub(super) fn sit(&self, address: ClientAddress, user: Option<&str>) -> Result<Seat, Full> {
        let address = address.network();
        self.with(|taken| {
            if taken.total >= self.0.most {
                return Err(Full::Total);
            }
            if count(&taken.by_address, &address) >= self.0.most_per_address {
                return Err(Full::Address);
            }
            taken.total += 1;
            *taken.by_address.entry(address).or_default() += 1;
            Ok(())
        })?;
        let mut seat = Seat {
            sockets: self.clone(),
            address,
            user: None,
        };
        if let Some(user) = user {
            seat.belongs_to(user)?;
        }
        Ok(seat)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Taken) -> T) -> T {
        work(&mut self.0.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seat {
    /// The user is known now, or is another one.
    pub(super) fn belongs_to(&mut self, user: &str) -> Result<(), Full> {
        if self.user.as_deref() == Some(user) {
            return Ok(());
        }
        let name: Arc<str> = user.into();
        let hall = &self.sockets.0;
        self.sockets.with(|taken| {
            if count(&taken.by_user, &name) >= hall.most_per_user {
                return Err(Full::User);
            }
            *taken.by_user.entry(Arc::clone(&name)).or_default() += 1;
            if let Some(before) = &self.user {
                leave(&mut taken.by_user, before);
            }
            Ok(())
        })?;
        self.user = Some(name);
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.sockets.with(|taken| {
            taken.total = taken.total.saturating_sub(1);
            leave(&mut taken.by_address, &self.address);
            if let Some(user) = &self.user {
                leave(&mut taken.by_user, user);
            }
        });
    }
}

impl Full {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Address => "address",
            Self::User => "user",
        }
    }

    pub(super) fn answer(self) -> ApiError {
        let (status, whose) = match self {
            Self::Total => (StatusCode::SERVICE_UNAVAILABLE, "are open"),
            Self::Address => (StatusCode::TOO_MANY_REQUESTS, "are open from this address"),
            Self::User => (StatusCode::TOO_MANY_REQUESTS, "are open of this user"),
        };
        ApiError::new(
            status,
            "SEAWALL_WEBSOCKET_FULL",
            format!("too many WebSockets {whose}"),
        )
        .retry_after(5)
    }
}

fn count<K: std::hash::Hash + Eq>(counts: &HashMap<K, usize>, key: &K) -> usize {
    counts.get(key).copied().unwrap_or_default()
}

/// A key without seats is forgotten, so the maps are as large as what is open.
fn leave<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Source};

    fn sockets() -> Sockets {
        let source = Source::from_pairs([
            ("DATABASE_URL", "postgres://u@127.0.0.1/x"),
            ("SEAWALL_WEBSOCKET_MAX", "3"),
            ("SEAWALL_WEBSOCKET_MAX_PER_ADDRESS", "2"),
            ("SEAWALL_WEBSOCKET_MAX_PER_USER", "1"),
        ]);
        Sockets::new(&Config::load(source).unwrap().websocket)
    }

    fn at(last: u8) -> ClientAddress {
        ClientAddress([192, 0, 2, last].into())
    }

    #[test]
    fn each_cap_holds_and_a_seat_left_is_free_again() {
        let sockets = sockets();
        let first = sockets.sit(at(1), Some("a")).unwrap();
        assert_eq!(sockets.sit(at(2), Some("a")).err(), Some(Full::User));
        assert_eq!(sockets.count(), 1);
        let _second = sockets.sit(at(1), None).unwrap();
        assert_eq!(sockets.sit(at(1), None).err(), Some(Full::Address));
        let _third = sockets.sit(at(2), None).unwrap();
        assert_eq!(sockets.sit(at(3), None).err(), Some(Full::Total));
        drop(first);
        assert!(sockets.sit(at(1), Some("a")).is_ok());
    }

    #[test]
    fn a_user_that_becomes_known_later_is_counted_then() {
        let sockets = sockets();
        let mut first = sockets.sit(at(1), None).unwrap();
        let mut second = sockets.sit(at(2), None).unwrap();
        assert_eq!(first.belongs_to("a"), Ok(()));
        assert_eq!(first.belongs_to("a"), Ok(()));
        assert_eq!(second.belongs_to("a"), Err(Full::User));
        assert_eq!(first.belongs_to("b"), Ok(()));
        assert_eq!(second.belongs_to("a"), Ok(()));
        drop((first, second));
        assert!(sockets.with(|taken| taken.by_user.is_empty() && taken.by_address.is_empty()));
    }
}
