//! What the codes in error bodies mean: PostgreSQL's SQLSTATEs, PostgREST's, the auth service's, storage's (and
//! the functions runtime's).
//!
//! The four families look different (`40P01`, `PGRST116`, `user_not_found`, `NoSuchKey`), so one lookup
//! serves all. Rows are tried from the top and the most particular come first; a family's last row is
//! its default. An unknown word is nobody's: the caller judges by status.

use super::category::Category;
use super::outcome::{Fate, Outcome, by_status};
use super::request::Service;

/// Judges a code; `None` if it belongs to no family known here.
#[must_use]
pub fn judge(code: &str) -> Option<Outcome> {
    match family(code)? {
        Family::Sqlstate => match custom_status(code) {
            Some(status) => Some(by_status(Service::Rpc, status)),
            None => find(SQLSTATES, code, |code, pattern| code.starts_with(pattern)),
        },
        Family::Postgrest => find(POSTGREST, code, |code, pattern| code.starts_with(pattern)),
        Family::Auth => find(AUTH, code, matches_word),
        Family::Storage => find(STORAGE, code, |code, pattern| code == pattern),
    }
}

/// Whether a code is a SQLSTATE: five digits or capitals.
#[must_use]
pub fn is_sqlstate(code: &str) -> bool {
    code.len() == 5
        && code
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// A code or its pattern, and what it means.
pub type Row = (&'static str, Outcome);

/// Every family by its title, for the reference.
pub const TABLE: &[(&str, &[Row])] = &[
    ("PostgreSQL", SQLSTATES),
    ("PostgREST", POSTGREST),
    ("Auth", AUTH),
    ("Storage and functions", STORAGE),
];

const ROLLED_BACK: Outcome = Outcome::contended(Category::DatabaseTransient, Fate::NotDone);
const CONTENDED: Outcome = Outcome::contended(Category::DatabaseTransient, Fate::Unknown);
const UNWELL: Outcome = Outcome::unwell(Category::DatabaseTransient);
const NEVER_BEGAN: Outcome = Outcome {
    fate: Fate::NotDone,
    ..UNWELL
};
const PERMANENT: Outcome = Outcome::refused(Category::DatabasePermanent);
const AUTH_FAULT: Outcome = Outcome::refused(Category::Auth);
const PERMISSION: Outcome = Outcome::refused(Category::Permission);
const NOT_FOUND: Outcome = Outcome::refused(Category::NotFound);
const CONFLICT: Outcome = Outcome::refused(Category::Conflict);
const VALIDATION: Outcome = Outcome::refused(Category::Validation);
const SERVER: Outcome = Outcome::refused(Category::Server);

/// SQLSTATEs by prefix: a whole code, a class of two characters, or the first of them.
const SQLSTATES: &[Row] = &[
    ("08", UNWELL),
    ("0L", PERMISSION),
    ("0P", PERMISSION),
    ("21", VALIDATION),
    ("22", VALIDATION),
    ("23502", VALIDATION),
    ("23514", VALIDATION),
    ("23", CONFLICT),
    ("25P03", CONTENDED),
    ("28", PERMISSION),
    ("40001", ROLLED_BACK),
    ("40P01", ROLLED_BACK),
    ("40002", CONFLICT),
    ("40", CONTENDED),
    ("42501", PERMISSION),
    ("42P01", NOT_FOUND),
    ("42883", NOT_FOUND),
    ("42703", VALIDATION),
    ("44", PERMISSION),
    ("53", UNWELL),
    ("55P03", CONTENDED),
    ("55006", CONTENDED),
    // A statement timeout: the database is slow, whoever's fault that is.
    ("57014", UNWELL),
    ("57P", UNWELL),
    ("58", UNWELL),
    ("P0001", VALIDATION),
    // The classes PostgreSQL has; a code of the application's own says less than the status it chose.
    ("0", PERMANENT),
    ("1", PERMANENT),
    ("2", PERMANENT),
    ("3", PERMANENT),
    ("4", PERMANENT),
    ("5", PERMANENT),
    ("72", PERMANENT),
    ("F0", PERMANENT),
    ("HV", PERMANENT),
    ("P0", PERMANENT),
    ("XX", PERMANENT),
];

const POSTGREST: &[Row] = &[
    // The pool had no connection to give: nothing was begun.
    ("PGRST003", NEVER_BEGAN),
    ("PGRST00", UNWELL),
    ("PGRST116", NOT_FOUND),
    ("PGRST125", NOT_FOUND),
    ("PGRST126", NOT_FOUND),
    ("PGRST1", VALIDATION),
    ("PGRST202", NOT_FOUND),
    ("PGRST205", NOT_FOUND),
    ("PGRST2", VALIDATION),
    ("PGRST300", SERVER),
    ("PGRST3", AUTH_FAULT),
    ("PGRST", SERVER),
];

/// The auth service's words; `*x` is an ending, `x*` a beginning.
const AUTH: &[Row] = &[
    ("over_*", Outcome::limited(Fate::NotDone)),
    ("request_timeout", Outcome::TIMEOUT),
    (
        "unexpected_failure",
        Outcome {
            transient: false,
            ..Outcome::unwell(Category::Server)
        },
    ),
    ("hook_timeout*", Outcome::TIMEOUT),
    ("hook_*", SERVER),
    // What the service could not get done with others: a message, somebody's metadata.
    ("sms_send_failed", SERVER),
    ("saml_metadata_fetch_failed", SERVER),
    ("session_not_found", AUTH_FAULT),
    ("refresh_token_*", AUTH_FAULT),
    ("flow_state_*", AUTH_FAULT),
    ("invalid_credentials", AUTH_FAULT),
    ("bad_jwt", AUTH_FAULT),
    ("no_authorization", AUTH_FAULT),
    ("user_banned", AUTH_FAULT),
    ("invalid_grant", AUTH_FAULT),
    ("reauthentication_*", AUTH_FAULT),
    ("reauth_nonce_missing", AUTH_FAULT),
    ("bad_oauth_*", AUTH_FAULT),
    ("bad_code_verifier", AUTH_FAULT),
    ("unexpected_audience", AUTH_FAULT),
    ("mfa_verification_*", AUTH_FAULT),
    ("mfa_ip_address_mismatch", AUTH_FAULT),
    ("webauthn_verification_failed", AUTH_FAULT),
    ("current_password_*", AUTH_FAULT),
    ("provider_email_needs_verification", AUTH_FAULT),
    ("*_expired", AUTH_FAULT),
    ("*_not_confirmed", AUTH_FAULT),
    ("insufficient_aal", PERMISSION),
    ("not_admin", PERMISSION),
    ("*_disabled", PERMISSION),
    ("*_not_enabled", PERMISSION),
    ("user_sso_managed", PERMISSION),
    ("*_not_deletable", CONFLICT),
    ("too_many_*", CONFLICT),
    ("*_not_authorized", PERMISSION),
    ("*_not_found", NOT_FOUND),
    ("*_exists", CONFLICT),
    ("*_conflict", CONFLICT),
    ("conflict", Outcome::contended(Category::Conflict, Fate::Unknown)),
    ("validation_failed", VALIDATION),
    ("bad_json", VALIDATION),
    ("*_invalid", VALIDATION),
    ("*_not_supported", VALIDATION),
    ("*_unsupported_chain", VALIDATION),
    ("saml_*", VALIDATION),
    ("weak_password", VALIDATION),
    ("same_password", VALIDATION),
    ("captcha_failed", VALIDATION),
];

const STORAGE: &[Row] = &[
    ("NoSuchBucket", NOT_FOUND),
    ("NoSuchKey", NOT_FOUND),
    ("NoSuchUpload", NOT_FOUND),
    ("TenantNotFound", NOT_FOUND),
    ("NoSuchCatalog", NOT_FOUND),
    ("InvalidJWT", AUTH_FAULT),
    ("InvalidSignature", AUTH_FAULT),
    ("ExpiredSignature", AUTH_FAULT),
    ("ExpiredToken", AUTH_FAULT),
    ("SignatureDoesNotMatch", AUTH_FAULT),
    ("InvalidUploadSignature", AUTH_FAULT),
    ("S3InvalidAccessKeyId", AUTH_FAULT),
    ("AccessDenied", PERMISSION),
    ("Unauthorized", PERMISSION),
    ("FeatureNotEnabled", PERMISSION),
    ("ResourceAlreadyExists", CONFLICT),
    ("KeyAlreadyExists", CONFLICT),
    ("BucketAlreadyExists", CONFLICT),
    ("Duplicate", CONFLICT),
    ("S3MaximumCredentialsLimit", CONFLICT),
    (
        "ResourceLocked",
        Outcome::contended(Category::Conflict, Fate::NotDone),
    ),
    (
        "LockTimeout",
        Outcome::contended(Category::Conflict, Fate::NotDone),
    ),
    ("EntityTooLarge", VALIDATION),
    ("InvalidRequest", VALIDATION),
    ("InvalidBucketName", VALIDATION),
    ("InvalidKey", VALIDATION),
    ("InvalidMimeType", VALIDATION),
    ("InvalidRange", VALIDATION),
    ("InvalidUploadId", VALIDATION),
    ("InvalidParameter", VALIDATION),
    ("InvalidChecksum", VALIDATION),
    ("MissingPart", VALIDATION),
    ("MissingParameter", VALIDATION),
    ("MissingContentLength", VALIDATION),
    // The functions' own runtime: one that does not start is that function's trouble, not the service's.
    ("BOOT_ERROR", SERVER),
    ("WORKER_ERROR", SERVER),
    (
        "WORKER_LIMIT",
        Outcome::contended(Category::Server, Fate::Unknown),
    ),
    (
        "WORKER_RESOURCE_LIMIT",
        Outcome::contended(Category::Server, Fate::Unknown),
    ),
    ("SlowDown", Outcome::limited(Fate::NotDone)),
    ("DatabaseTimeout", UNWELL),
    (
        "DatabaseError",
        Outcome {
            transient: false,
            ..UNWELL
        },
    ),
    ("S3Error", Outcome::unwell(Category::Server)),
    (
        "InternalError",
        Outcome {
            transient: false,
            ..Outcome::unwell(Category::Server)
        },
    ),
];

#[derive(Clone, Copy)]
enum Family {
    Sqlstate,
    Postgrest,
    Auth,
    Storage,
}

fn family(code: &str) -> Option<Family> {
    let first = code.bytes().next()?;
    if code.starts_with("PGRST") {
        Some(Family::Postgrest)
    } else if is_sqlstate(code) {
        Some(Family::Sqlstate)
    } else if first.is_ascii_lowercase() {
        Some(Family::Auth)
    } else if first.is_ascii_uppercase() {
        Some(Family::Storage)
    } else {
        None
    }
}

/// PostgREST's `PTxyz`: a function that raises it chooses the status itself.
fn custom_status(code: &str) -> Option<u16> {
    let status = code.strip_prefix("PT")?.parse().ok()?;
    (100..=599).contains(&status).then_some(status)
}

fn find(rows: &[Row], code: &str, matches: impl Fn(&str, &str) -> bool) -> Option<Outcome> {
    rows.iter()
        .find(|(pattern, _)| matches(code, pattern))
        .map(|(_, outcome)| *outcome)
}

fn matches_word(code: &str, pattern: &str) -> bool {
    if let Some(ending) = pattern.strip_prefix('*') {
        code.ends_with(ending)
    } else if let Some(beginning) = pattern.strip_suffix('*') {
        code.starts_with(beginning)
    } else {
        code == pattern
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::outcome::Verdict;

    fn category(code: &str) -> Option<&'static str> {
        judge(code)?.category.map(Category::name)
    }

    #[test]
    fn sqlstates_go_by_code_then_by_class() {
        assert_eq!(category("23505"), Some("conflict"));
        assert_eq!(category("23502"), Some("validation"));
        assert_eq!(category("42501"), Some("permission"));
        assert_eq!(category("42P01"), Some("not_found"));
        assert_eq!(category("42P17"), Some("database_permanent"));
        assert_eq!(category("P0002"), Some("database_permanent"));
        assert_eq!(category("57014"), Some("database_transient"));
        assert_eq!(category("XX000"), Some("database_permanent"));
    }

    #[test]
    fn only_a_rollback_the_database_names_is_not_done() {
        let not_done = |code| judge(code).is_some_and(|outcome| outcome.fate == Fate::NotDone);
        assert!(not_done("40001") && not_done("40P01") && not_done("PGRST003"));
        assert!(!not_done("57014") && !not_done("40003") && !not_done("08006") && !not_done("PGRST001"));
    }

    #[test]
    fn constraint_and_policy_violations_never_count() {
        for code in [
            "23505", "23503", "42501", "44000", "22P02", "P0001", "PGRST301", "PGRST116",
        ] {
            assert_eq!(judge(code).unwrap().verdict, Verdict::Healthy, "{code}");
        }
    }

    #[test]
    fn an_unwell_database_counts() {
        for code in [
            "08006",
            "53300",
            "57P01",
            "57P03",
            "58030",
            "PGRST000",
            "PGRST002",
            "DatabaseTimeout",
        ] {
            assert_eq!(judge(code).unwrap().verdict, Verdict::Failure, "{code}");
        }
    }

    #[test]
    fn a_function_may_choose_its_status() {
        assert_eq!(category("PT404"), Some("not_found"));
        assert_eq!(category("PT429"), Some("rate_limited"));
        assert_eq!(judge("PT999"), None);
    }

    #[test]
    fn auth_words_go_by_their_ends() {
        assert_eq!(category("over_email_send_rate_limit"), Some("rate_limited"));
        assert_eq!(category("user_not_found"), Some("not_found"));
        assert_eq!(category("session_not_found"), Some("auth"));
        assert_eq!(category("refresh_token_already_used"), Some("auth"));
        assert_eq!(category("email_exists"), Some("conflict"));
        assert_eq!(category("signup_disabled"), Some("permission"));
    }

    #[test]
    fn every_code_that_auth_and_storage_document_is_judged() {
        for code in include_str!("../../tests/codes/auth.txt").lines() {
            assert!(judge(code).is_some(), "{code}");
        }
        for code in include_str!("../../tests/codes/storage.txt").lines() {
            assert!(judge(code).is_some(), "{code}");
        }
    }

    #[test]
    fn every_class_of_sqlstates_is_judged() {
        let classes = "00 01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 \
                       42 44 53 54 55 57 58 72 F0 HV P0 XX";
        for class in classes.split_whitespace() {
            assert!(judge(&format!("{class}000")).is_some(), "{class}");
        }
    }

    #[test]
    fn strangers_are_left_to_the_status() {
        for code in ["", "400", "ohno", "Whatever", "é", "{}", "MYAPP", "99999"] {
            assert_eq!(judge(code), None, "{code}");
        }
    }
}
