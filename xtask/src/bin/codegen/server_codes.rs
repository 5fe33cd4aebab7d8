//! The codes of the server's own, beside the engine's: what each is answered with and means.
//!
//! They are given where they arise, so this table is held against the server's sources.

/// Code, status, meaning.
pub(crate) const SERVER_CODES: &[(&str, &str, &str)] = &[
    ("SEAWALL_ADMIN_ONLY", "403", "the caller is no administrator"),
    (
        "SEAWALL_API_VERSION",
        "400",
        "`x-api-version` names a version that does not exist",
    ),
    (
        "SEAWALL_AUTH_UNAVAILABLE",
        "503",
        "the token could not be judged now; it may be good",
    ),
    ("SEAWALL_BAD_BATCH", "400", "a batch of metrics cannot be taken"),
    (
        "SEAWALL_BAD_FAULT",
        "400",
        "the fault switch (development) does not know this",
    ),
    (
        "SEAWALL_BAD_PATH",
        "400",
        "the path leads out of the service it begins in",
    ),
    (
        "SEAWALL_BAD_REQUEST",
        "400",
        "the request to one of Seawall's own addresses cannot be understood",
    ),
    (
        "SEAWALL_BODY_TOO_LARGE",
        "413",
        "the body is larger than the server takes",
    ),
    (
        "SEAWALL_BYPASSRLS_FROM_BROWSER",
        "403",
        "a role that bypasses row-level security may not come from a browser",
    ),
    (
        "SEAWALL_CACHE_OFF",
        "409",
        "there is no response cache to throw anything away from",
    ),
    (
        "SEAWALL_CIRCUIT_OPEN",
        "503",
        "what the request needs is unwell and spared",
    ),
    ("SEAWALL_CONNECTIONS", "503", "too many connections"),
    (
        "SEAWALL_DEADLINE",
        "504",
        "the request took longer than its deadline",
    ),
    (
        "SEAWALL_FAULT",
        "503",
        "the server fails on purpose (development)",
    ),
    (
        "SEAWALL_FOREIGN_ORGANISATION",
        "403",
        "the request names an organisation that is not the caller's",
    ),
    (
        "SEAWALL_HEADERS_TOO_LARGE",
        "431",
        "the headers are too many or too large",
    ),
    (
        "SEAWALL_IDEMPOTENCY_ANONYMOUS",
        "400",
        "an idempotency key belongs to a user, and nobody is signed in",
    ),
    (
        "SEAWALL_IDEMPOTENCY_KEY",
        "400",
        "the idempotency key is empty or too long",
    ),
    (
        "SEAWALL_IDEMPOTENCY_MISMATCH",
        "422",
        "the idempotency key was used for another request",
    ),
    (
        "SEAWALL_INTERNAL",
        "500",
        "a defect, or a failure that is told to operators only",
    ),
    (
        "SEAWALL_JOB_EXPIRED",
        "401, in the job",
        "the caller's token had expired when the job's turn came",
    ),
    (
        "SEAWALL_JOB_UNDECIDED",
        "401, in the job",
        "whether its caller, whose token has no end, might still ask for it could not be told for too long",
    ),
    ("SEAWALL_JOB_STATE", "409", "the job's state does not allow this"),
    (
        "SEAWALL_JOB_UNKNOWN",
        "404",
        "there is no such job, or it is somebody else's",
    ),
    ("SEAWALL_MEDIA_TYPE", "415", "the body must be `application/json`"),
    ("SEAWALL_METHOD", "405", "the address does not take this method"),
    (
        "SEAWALL_NOT_CACHED",
        "504",
        "nothing is kept, and `only-if-cached` asks for nothing else",
    ),
    ("SEAWALL_NOT_FOUND", "404", "nothing is served at this address"),
    ("SEAWALL_NOT_READY", "503", "requests would not be served now"),
    ("SEAWALL_OVERLOADED", "503", "too many requests at once"),
    ("SEAWALL_PRIORITY", "400", "there is no such priority of jobs"),
    (
        "SEAWALL_QUEUE_FULL",
        "503",
        "the write queue is as deep as it may be",
    ),
    (
        "SEAWALL_QUEUE_UNAVAILABLE",
        "503",
        "the queue's database cannot be asked",
    ),
    (
        "SEAWALL_RATE_LIMITED",
        "429",
        "a limit is reached; `Retry-After` says when it is worth trying again",
    ),
    (
        "SEAWALL_RLS_CONTEXT",
        "500",
        "the request's role and claims could not be set, so nothing was done",
    ),
    ("SEAWALL_SLOW_BODY", "408", "the body did not arrive in time"),
    (
        "SEAWALL_STORE_DOWN",
        "503",
        "what Seawall stores cannot be read now",
    ),
    (
        "SEAWALL_TIMEOUT",
        "504",
        "a request that was waited for together took too long",
    ),
    (
        "SEAWALL_TOKEN_REFUSED",
        "401",
        "the auth service does not accept the token",
    ),
    (
        "SEAWALL_TOKEN_REVOKED",
        "401",
        "the token, its session or its user's tokens were ended",
    ),
    (
        "SEAWALL_UNAUTHENTICATED",
        "401",
        "the address is for administrators, and nobody is signed in",
    ),
    ("SEAWALL_UPLOAD_ARCHIVE", "422", "the archive cannot be accepted"),
    ("SEAWALL_UPLOAD_BOMB", "422", "the archive unpacks to too much"),
    ("SEAWALL_UPLOAD_BUSY", "503", "too many uploads at once"),
    ("SEAWALL_UPLOAD_INFECTED", "422", "the upload contains malware"),
    ("SEAWALL_UPLOAD_MALFORMED", "400", "the upload cannot be read"),
    (
        "SEAWALL_UPLOAD_MISMATCH",
        "415",
        "the upload is not what it is called",
    ),
    (
        "SEAWALL_UPLOAD_OFFSET",
        "409",
        "a part of the upload does not continue where it ended",
    ),
    ("SEAWALL_UPLOAD_POLYGLOT", "422", "the upload is two files in one"),
    (
        "SEAWALL_UPLOAD_SCAN_UNAVAILABLE",
        "503",
        "uploads cannot be scanned at the moment",
    ),
    ("SEAWALL_UPLOAD_SCRIPT", "422", "the upload can run code"),
    ("SEAWALL_UPLOAD_TOO_LARGE", "413", "the upload is too large"),
    ("SEAWALL_UPLOAD_TYPE", "415", "uploads of this type are not taken"),
    (
        "SEAWALL_UPLOAD_UNSUPPORTED",
        "403",
        "uploads of this kind cannot be judged",
    ),
    (
        "SEAWALL_UPSTREAM_LOST",
        "502",
        "the service broke off before it answered",
    ),
    (
        "SEAWALL_UPSTREAM_TIMEOUT",
        "504",
        "the service did not answer in time",
    ),
    (
        "SEAWALL_UPSTREAM_UNREACHABLE",
        "502",
        "the service cannot be reached",
    ),
    ("SEAWALL_URI_TOO_LONG", "414", "the address is too long"),
    (
        "SEAWALL_USER_GONE",
        "403, in the job",
        "the user who queued the write was deleted or banned",
    ),
    (
        "SEAWALL_WEBSOCKET_FULL",
        "429 or 503",
        "too many WebSockets are open, of this user or altogether",
    ),
    (
        "SEAWALL_WEBSOCKET_HANDSHAKE",
        "400",
        "a WebSocket of version 13 begins with a key, over HTTP/1.1",
    ),
    (
        "SEAWALL_WEBSOCKET_ORIGIN",
        "403",
        "pages of this origin may not open WebSockets",
    ),
    (
        "SEAWALL_WEBSOCKET_TOKEN",
        "401",
        "a WebSocket needs an apikey or a token",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Names of the environment that are written out in the sources.
    const VARIABLES: [&str; 2] = ["SEAWALL_CONFIG", "SEAWALL_STORE_DATABASE_URL"];

    #[test]
    fn every_code_in_the_servers_sources_is_described_and_no_other() {
        let mut given = BTreeSet::new();
        read(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src"),
            &mut given,
        );
        for variable in VARIABLES {
            given.remove(variable);
        }
        let described: BTreeSet<String> = SERVER_CODES.iter().map(|(code, ..)| (*code).to_owned()).collect();
        assert_eq!(described, given);
        assert!(SERVER_CODES.is_sorted_by_key(|(code, ..)| code));
    }

    fn read(folder: &Path, codes: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, codes);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                let literals = code.split('"').filter(|part| {
                    part.strip_prefix("SEAWALL_").is_some_and(|rest| {
                        !rest.is_empty()
                            && rest
                                .bytes()
                                .all(|letter| letter.is_ascii_uppercase() || letter == b'_')
                    })
                });
                codes.extend(literals.map(str::to_owned));
            }
        }
    }
}
