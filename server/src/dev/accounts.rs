//! The development auth service's users.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::config::DevUser;

/// When every account was made, as the protocol wants to be told.
const CREATED_AT: &str = "2024-01-01T00:00:00Z";

/// The users of the configuration.
#[derive(Debug)]
pub struct Accounts {
    users: Vec<DevUser>,
}

impl Accounts {
    /// Takes the users of the configuration.
    #[must_use]
    pub fn new(users: Vec<DevUser>) -> Self {
        Self { users }
    }

    /// The user who has this address and password.
    ///
    /// An unknown address takes as long as a wrong password.
    #[must_use]
    pub fn sign_in(&self, email: &str, password: &str) -> Option<&DevUser> {
        let found = self.users.iter().find(|user| user.email.eq_ignore_ascii_case(email.trim()));
        let nobody = SecretString::from("");
        let expected = found.map_or(&nobody, |user| &user.password);
        let right = equal(expected.expose_secret(), password);
        found.filter(|_| right)
    }

    /// The user of a session.
    #[must_use]
    pub fn by_id(&self, id: Uuid) -> Option<&DevUser> {
        self.users.iter().find(|user| user.id == id)
    }
}

/// Digests have one length, so nothing about the password's own shows in the time taken.
fn equal(expected: &str, presented: &str) -> bool {
    let [expected, presented] = [expected, presented].map(|text| digest(&SHA256, text.as_bytes()));
    verify_slices_are_equal(expected.as_ref(), presented.as_ref()).is_ok()
}

/// A user in Supabase Auth's form.
#[must_use]
pub fn profile(user: &DevUser) -> Value {
    json!({
        "id": user.id,
        "aud": "authenticated",
        "role": "authenticated",
        "email": user.email,
        "phone": "",
        "email_confirmed_at": CREATED_AT,
        "confirmed_at": CREATED_AT,
        "app_metadata": { "provider": "email", "providers": ["email"] },
        "user_metadata": {},
        "identities": [],
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "is_anonymous": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        let user = |id, email: &str, password: &str| DevUser {
            id: Uuid::from_u128(id),
            email: email.to_owned(),
            password: SecretString::from(password),
        };
        Accounts::new(vec![user(1, "owner@example.test", "one"), user(2, "guest@example.test", "two")])
    }

    #[test]
    fn address_and_password_must_belong_together() {
        let accounts = accounts();
        assert_eq!(accounts.sign_in("Owner@Example.test ", "one").unwrap().id, Uuid::from_u128(1));
        for (email, password) in [("owner@example.test", "two"), ("nobody@example.test", ""), ("", "")] {
            assert!(accounts.sign_in(email, password).is_none(), "{email}");
        }
    }
}
