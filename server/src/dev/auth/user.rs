//! A user as tokens and answers show them.

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::sessions::Session;
use crate::config::DevUser;

/// The day these users were invented.
const CREATED_AT: &str = "2026-01-01T00:00:00Z";

/// A configured user.
pub(super) struct User {
    pub(super) id: Uuid,
    pub(super) email: String,
    pub(super) password: SecretString,
    app_metadata: Map<String, Value>,
}

impl From<&DevUser> for User {
    fn from(user: &DevUser) -> Self {
        Self {
            id: user.id,
            email: user.email.to_lowercase(),
            password: user.password.clone(),
            app_metadata: app_metadata(&user.app_metadata),
        }
    }
}

impl User {
    /// The claims of an access token.
    pub(super) fn claims(&self, session: &Session, now_s: u64, expires_s: u64) -> Value {
        json!({
            "aud": "authenticated",
            "exp": expires_s,
            "iat": now_s,
            "sub": self.id,
            "email": self.email,
            "phone": "",
            "app_metadata": self.app_metadata,
            "user_metadata": {},
            "role": "authenticated",
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": session.began_s}],
            "session_id": session.id,
            "is_anonymous": false,
        })
    }

    /// The user object of Supabase Auth.
    pub(super) fn describe(&self, signed_in_s: u64) -> Value {
        json!({
            "id": self.id,
            "aud": "authenticated",
            "role": "authenticated",
            "email": self.email,
            "email_confirmed_at": CREATED_AT,
            "confirmed_at": CREATED_AT,
            "phone": "",
            "last_sign_in_at": rfc3339(signed_in_s),
            "app_metadata": self.app_metadata,
            "user_metadata": {},
            "identities": [],
            "created_at": CREATED_AT,
            "updated_at": CREATED_AT,
            "is_anonymous": false,
        })
    }
}

/// What Supabase Auth itself says there, and beside it what was configured.
fn app_metadata(configured: &Map<String, Value>) -> Map<String, Value> {
    let mut metadata = configured.clone();
    metadata.insert("provider".into(), json!("email"));
    metadata.insert("providers".into(), json!(["email"]));
    metadata
}

/// Seconds since 1970 as a date, by the civil-calendar arithmetic of proleptic Gregorian eras.
fn rfc3339(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(rfc3339(1_767_225_600), "2026-01-01T00:00:00Z");
    }
}
