//! What to tell a person when something failed: one sentence for each category, and for the codes that deserve a
//! better one.
//!
//! They say what happened and what to do, never whose code is wrong, and carry nothing from the error itself. `{wait}`
//! stands for the time until it is worth trying again. Neither wasm module carries them: the package loads them
//! from a file of their own, and an application may replace each or all of them.

use super::Category;

/// The sentence for a category.
#[must_use]
pub const fn for_category(category: Category) -> &'static str {
    match category {
        Category::Network => "The server cannot be reached. Check your connection and try again.",
        Category::Offline => "You are offline. This will work again when you have a connection.",
        Category::Timeout => "The server took too long to answer. Please try again.",
        Category::RateLimited => "That was a lot at once. Please try again {wait}.",
        Category::CircuitOpen => {
            "The service is having trouble and is given a rest. Please try again {wait}."
        }
        Category::Auth => "You are not signed in any more. Please sign in again.",
        Category::Permission => "You are not allowed to do that.",
        Category::NotFound => "This does not exist, or not any more.",
        Category::Conflict => "This collides with something that is there already.",
        Category::Validation => "Something you entered is not valid. Please check it.",
        Category::DatabaseTransient => "The service was busy. Please try again.",
        Category::DatabasePermanent => "Something went wrong on our side, and trying again will not help.",
        Category::Server => "Something went wrong on our side. Please try again later.",
        Category::Aborted => "This was cancelled.",
    }
}

/// The sentences for single codes: PostgreSQL's, PostgREST's, the auth service's, storage's, the guard's own.
pub const CODES: &[(&str, &str)] = &[
    ("22001", "This text is too long."),
    ("22003", "This number is out of range."),
    ("22007", "This is not a valid date or time."),
    ("22008", "This date or time is out of range."),
    ("22P02", "This value does not have the right form."),
    ("23502", "Something that is required is missing."),
    (
        "23503",
        "This refers to something that does not exist, or is still referred to.",
    ),
    ("23505", "This exists already."),
    ("23514", "This value is not allowed."),
    ("23P01", "This overlaps with something that is there already."),
    (
        "40001",
        "Somebody else changed this at the same time. Please try again.",
    ),
    (
        "40P01",
        "Somebody else changed this at the same time. Please try again.",
    ),
    ("42501", "You are not allowed to do that."),
    ("53300", "The service is busy. Please try again in a moment."),
    (
        "57014",
        "This took too long and was stopped. Please try again, or ask for less.",
    ),
    ("PGRST103", "There are no more entries."),
    ("PGRST116", "This does not exist, or not any more."),
    ("PGRST301", "Your sign-in has expired. Please sign in again."),
    ("PGRST302", "Please sign in first."),
    ("PGRST303", "Your sign-in has expired. Please sign in again."),
    ("anonymous_provider_disabled", "Please sign in with an account."),
    (
        "captcha_failed",
        "The check that you are human failed. Please try again.",
    ),
    ("email_address_invalid", "This is not a valid email address."),
    (
        "email_address_not_authorized",
        "This email address cannot be used here.",
    ),
    (
        "email_exists",
        "There is an account with this email address already.",
    ),
    (
        "email_not_confirmed",
        "Please confirm your email address first: look for our message.",
    ),
    (
        "identity_already_exists",
        "This sign-in belongs to an account already.",
    ),
    (
        "insufficient_aal",
        "Please confirm with your second factor first.",
    ),
    (
        "invalid_credentials",
        "The email address or the password is wrong.",
    ),
    (
        "mfa_challenge_expired",
        "The code has expired. Please ask for a new one.",
    ),
    ("mfa_verification_failed", "The code is wrong. Please try again."),
    (
        "otp_expired",
        "The code or link has expired. Please ask for a new one.",
    ),
    (
        "over_email_send_rate_limit",
        "Too many emails were sent. Please try again {wait}.",
    ),
    (
        "over_request_rate_limit",
        "Too many attempts. Please try again {wait}.",
    ),
    (
        "over_sms_send_rate_limit",
        "Too many messages were sent. Please try again {wait}.",
    ),
    (
        "phone_exists",
        "There is an account with this phone number already.",
    ),
    ("phone_not_confirmed", "Please confirm your phone number first."),
    (
        "reauthentication_needed",
        "Please sign in again to confirm that it is you.",
    ),
    (
        "refresh_token_already_used",
        "You are not signed in any more. Please sign in again.",
    ),
    (
        "refresh_token_not_found",
        "You are not signed in any more. Please sign in again.",
    ),
    ("same_password", "The new password must differ from the old one."),
    (
        "session_expired",
        "Your sign-in has expired. Please sign in again.",
    ),
    (
        "session_not_found",
        "You are not signed in any more. Please sign in again.",
    ),
    ("signup_disabled", "New accounts cannot be created at the moment."),
    (
        "sms_send_failed",
        "The message could not be sent. Please try again later.",
    ),
    (
        "user_already_exists",
        "There is an account with these details already.",
    ),
    ("user_banned", "This account is locked."),
    ("user_not_found", "There is no such account."),
    ("weak_password", "This password is too easy to guess."),
    ("Duplicate", "A file of this name exists already."),
    ("EntityTooLarge", "This file is too large."),
    ("InvalidMimeType", "Files of this kind are not accepted."),
    ("KeyAlreadyExists", "A file of this name exists already."),
    ("NoSuchBucket", "This folder does not exist."),
    ("NoSuchKey", "This file does not exist, or not any more."),
    ("ResourceAlreadyExists", "A file of this name exists already."),
    ("deadline_exceeded", "This took too long. Please try again."),
    ("closed", "This page is closing. Please reload it."),
    (
        "user_changed",
        "Somebody else signed in meanwhile. Please try again.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::codes::judge;

    #[test]
    fn every_sentence_ends_and_names_nobody() {
        let sentences = Category::ALL.into_iter().map(for_category);
        for text in sentences.chain(CODES.iter().map(|(_, text)| *text)) {
            assert!(text.ends_with('.') && text.len() <= 90, "{text}");
            for word in ["Seawall", "Supabase", "PostgreSQL", "JWT", "SQL", "error"] {
                assert!(!text.contains(word), "{text}");
            }
        }
    }

    #[test]
    fn every_code_is_one_that_is_judged_or_the_guards_own() {
        let own = ["deadline_exceeded", "closed", "user_changed"];
        for (code, _) in CODES {
            assert!(own.contains(code) || judge(code).is_some(), "{code}");
        }
        let mut names: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CODES.len());
    }
}
