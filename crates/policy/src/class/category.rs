//! The fourteen kinds of failure that an application tells apart.

/// The kind of failure, as the application sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// The request or its answer was lost on the way.
    Network,
    /// This device has no network.
    Offline,
    /// No answer in time.
    Timeout,
    /// A quota is used up, here or at the server.
    RateLimited,
    /// The breaker refuses calls to a service that is unwell.
    CircuitOpen,
    /// Who is asking is not known, or no longer.
    Auth,
    /// Who is asking may not do this.
    Permission,
    /// What was asked for is not there.
    NotFound,
    /// It collides with what is there.
    Conflict,
    /// The request itself is wrong.
    Validation,
    /// The database could not now, and may in a moment.
    DatabaseTransient,
    /// The database cannot, and will not be able to.
    DatabasePermanent,
    /// The server failed in a way it does not explain.
    Server,
    /// The caller gave up.
    Aborted,
}

impl Category {
    /// Every category, in the order of their codes.
    pub const ALL: [Self; 14] = [
        Self::Network,
        Self::Offline,
        Self::Timeout,
        Self::RateLimited,
        Self::CircuitOpen,
        Self::Auth,
        Self::Permission,
        Self::NotFound,
        Self::Conflict,
        Self::Validation,
        Self::DatabaseTransient,
        Self::DatabasePermanent,
        Self::Server,
        Self::Aborted,
    ];

    /// The name that error objects, metrics and logs carry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Offline => "offline",
            Self::Timeout => "timeout",
            Self::RateLimited => "rate_limited",
            Self::CircuitOpen => "circuit_open",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Validation => "validation",
            Self::DatabaseTransient => "database_transient",
            Self::DatabasePermanent => "database_permanent",
            Self::Server => "server",
            Self::Aborted => "aborted",
        }
    }

    /// The category of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }

    /// A small number for the category, stable across versions.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The category of that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_lead_back() {
        for category in Category::ALL {
            assert_eq!(Category::from_name(category.name()), Some(category));
            assert_eq!(Category::from_code(category.code()), Some(category));
        }
    }
}
