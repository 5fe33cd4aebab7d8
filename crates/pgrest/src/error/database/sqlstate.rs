//! SQLSTATE to status: one table, and the four codes whose status depends on more.

use http::StatusCode;

/// A SQLSTATE, or the beginning of one, and its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What the SQLSTATE begins with.
    pub prefix: &'static str,
    /// The status.
    pub status: StatusCode,
    /// What the SQLSTATE means.
    pub meaning: &'static str,
}

const fn rule(prefix: &'static str, status: StatusCode, meaning: &'static str) -> Rule {
    Rule {
        prefix,
        status,
        meaning,
    }
}

/// Every rule; the first that fits counts, and what fits none is [`StatusCode::BAD_REQUEST`].
pub const RULES: &[Rule] = &[
    rule("08", StatusCode::SERVICE_UNAVAILABLE, "connection exception"),
    rule(
        "09",
        StatusCode::INTERNAL_SERVER_ERROR,
        "triggered action exception",
    ),
    rule("0L", StatusCode::FORBIDDEN, "invalid grantor"),
    rule("0P", StatusCode::FORBIDDEN, "invalid role specification"),
    rule(
        "21000",
        StatusCode::INTERNAL_SERVER_ERROR,
        "cardinality violation; 400 for a missing WHERE clause",
    ),
    rule(
        "22023",
        StatusCode::BAD_REQUEST,
        "invalid parameter value; 401 for a role that does not exist",
    ),
    rule("23503", StatusCode::CONFLICT, "foreign key violation"),
    rule("23505", StatusCode::CONFLICT, "unique violation"),
    rule(
        "25006",
        StatusCode::METHOD_NOT_ALLOWED,
        "write in a read-only transaction",
    ),
    rule(
        "25",
        StatusCode::INTERNAL_SERVER_ERROR,
        "invalid transaction state",
    ),
    rule("28", StatusCode::FORBIDDEN, "invalid authorization specification"),
    rule(
        "2D",
        StatusCode::INTERNAL_SERVER_ERROR,
        "invalid transaction termination",
    ),
    rule(
        "38",
        StatusCode::INTERNAL_SERVER_ERROR,
        "external routine exception",
    ),
    rule(
        "39",
        StatusCode::INTERNAL_SERVER_ERROR,
        "external routine invocation exception",
    ),
    rule("3B", StatusCode::INTERNAL_SERVER_ERROR, "savepoint exception"),
    rule("40", StatusCode::INTERNAL_SERVER_ERROR, "transaction rollback"),
    rule(
        "42501",
        StatusCode::FORBIDDEN,
        "insufficient privilege; 401 for the anonymous role",
    ),
    rule(
        "42883",
        StatusCode::NOT_FOUND,
        "undefined function; 406 for xmlagg",
    ),
    rule("42P01", StatusCode::NOT_FOUND, "undefined table"),
    rule("42P17", StatusCode::INTERNAL_SERVER_ERROR, "infinite recursion"),
    rule(
        "53400",
        StatusCode::INTERNAL_SERVER_ERROR,
        "configuration limit exceeded",
    ),
    rule("53", StatusCode::SERVICE_UNAVAILABLE, "insufficient resources"),
    rule("54", StatusCode::INTERNAL_SERVER_ERROR, "program limit exceeded"),
    rule(
        "55",
        StatusCode::INTERNAL_SERVER_ERROR,
        "object not in prerequisite state",
    ),
    rule(
        "57P01",
        StatusCode::SERVICE_UNAVAILABLE,
        "connection terminated by the administrator",
    ),
    rule(
        "57",
        StatusCode::INTERNAL_SERVER_ERROR,
        "operator intervention, statement timeout included",
    ),
    rule("58", StatusCode::INTERNAL_SERVER_ERROR, "system error"),
    rule(
        "F0",
        StatusCode::INTERNAL_SERVER_ERROR,
        "configuration file error",
    ),
    rule(
        "HV",
        StatusCode::INTERNAL_SERVER_ERROR,
        "foreign data wrapper error",
    ),
    rule("P0001", StatusCode::BAD_REQUEST, "raised by a function"),
    rule("P0", StatusCode::INTERNAL_SERVER_ERROR, "PL/pgSQL error"),
    rule("XX", StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
];

/// The status of a SQLSTATE. The message decides where one code means two things.
#[must_use]
pub fn status(code: &str, message: &str, authenticated: bool) -> StatusCode {
    match code {
        "21000" if message.ends_with("requires a WHERE clause") => StatusCode::BAD_REQUEST,
        "22023" if message.starts_with("role") && message.ends_with("does not exist") => {
            StatusCode::UNAUTHORIZED
        }
        "42501" if !authenticated => StatusCode::UNAUTHORIZED,
        "42883" if message.starts_with("function xmlagg(") => StatusCode::NOT_ACCEPTABLE,
        _ => RULES
            .iter()
            .find(|rule| code.starts_with(rule.prefix))
            .map_or(StatusCode::BAD_REQUEST, |rule| rule.status),
    }
}
