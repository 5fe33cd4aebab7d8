//! Who asks: the people of the example application, and tokens for anybody else.

use std::time::{SystemTime, UNIX_EPOCH};

use seawall_server::auth::mint::mint;
use serde_json::{Value, json};

use crate::must;

/// The secret that test servers verify tokens with.
pub const SECRET: &str = "a-secret-of-the-tests-with-more-than-32-bytes";

/// A person of the example application.
#[derive(Clone, Copy, Debug)]
pub struct User {
    /// Claim `sub`.
    pub id: &'static str,
    /// Claim `email`.
    pub email: &'static str,
}

/// Belongs to both rooms.
pub const OWNER: User = User {
    id: "11111111-1111-4111-8111-111111111111",
    email: "owner@example.test",
};

/// Belongs to Harbour only.
pub const GUEST: User = User {
    id: "22222222-2222-4222-8222-222222222222",
    email: "guest@example.test",
};

/// The room both belong to.
pub const HARBOUR: &str = "aaaaaaaa-0000-4000-8000-000000000001";

/// The room only the owner belongs to.
pub const LIGHTHOUSE: &str = "aaaaaaaa-0000-4000-8000-000000000002";

impl User {
    /// A token of this user, good for ten minutes.
    #[must_use]
    pub fn token(self) -> String {
        self.token_for(600)
    }

    /// A token of this user, good for so many seconds.
    #[must_use]
    pub fn token_for(self, seconds: u64) -> String {
        token(
            &json!({ "sub": self.id, "email": self.email, "role": "authenticated", "exp": now() + seconds }),
        )
    }
}

/// A token with exactly these claims.
pub(crate) fn token(claims: &Value) -> String {
    must("a token cannot be made", mint(SECRET, claims))
}

/// Seconds since the epoch.
pub(crate) fn now() -> u64 {
    must(
        "the clock is before 1970",
        SystemTime::now().duration_since(UNIX_EPOCH),
    )
    .as_secs()
}
