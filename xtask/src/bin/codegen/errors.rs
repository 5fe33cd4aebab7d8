//! docs/ERRORS.md: every code, the status it comes with, and what the guard makes of it.

use seawall_pgrest::error::code::{Code, Group, RETIRED};
use seawall_pgrest::error::database::sqlstate;
use seawall_policy::class::codes::TABLE;
use seawall_policy::class::message::{CODES, for_category};
use seawall_policy::class::{Answer, Category, Fate, Outcome, Service, Verdict, classify};

use crate::server_codes::SERVER_CODES;
use crate::{header, row};

const INTRODUCTION: &str = "\
# Errors

<!-- Written by `npm run codegen` from the tables in crates/pgrest and crates/policy: do not edit. -->

Every error of the server has one body: `{\"code\", \"message\", \"details\", \"hint\"}`. Every failure the guard
reports has one of fourteen categories. The guard judges by the code in the body before the status, because one
status means different things: a deadlock, which may be tried again, and a bug in a function, which may not, both
arrive as 500.

";

/// The whole document.
pub(crate) fn document() -> String {
    [
        INTRODUCTION.to_owned(),
        categories(),
        codes(),
        own(),
        retired(),
        sqlstates(),
        families(),
    ]
    .concat()
}

fn own() -> String {
    let mut text = "### Before and beside the engine\n\nGiven by what stands in front of the engine, and at Seawall's own addresses.\n\n".to_owned();
    text += &header(&["code", "status", "meaning"]);
    for (code, status, meaning) in SERVER_CODES {
        text += &row(&[&format!("`{code}`"), status, meaning]);
    }
    text + "\n"
}

fn categories() -> String {
    let mut text = "## Categories\n\n".to_owned();
    text += &header(&["category", "what happened", "what a person is told"]);
    for category in Category::ALL {
        let name = format!("`{}`", category.name());
        text += &row(&[&name, happened(category), for_category(category)]);
    }
    text + "\n"
}

fn happened(category: Category) -> &'static str {
    match category {
        Category::Network => "the request or its answer was lost on the way",
        Category::Offline => "this device has no network; nothing was sent",
        Category::Timeout => "no answer in time",
        Category::RateLimited => "a quota is used up, here or at the server",
        Category::CircuitOpen => "the breaker refuses calls to a service that is unwell; nothing was sent",
        Category::Auth => "who is asking is not known, or no longer",
        Category::Permission => "who is asking may not do this",
        Category::NotFound => "what was asked for is not there",
        Category::Conflict => "it collides with what is there",
        Category::Validation => "the request itself is wrong",
        Category::DatabaseTransient => "the database could not now, and may in a moment",
        Category::DatabasePermanent => "the database cannot, and will not be able to",
        Category::Server => "the server failed in a way it does not explain",
        Category::Aborted => "the caller gave up",
    }
}

const COLUMNS: [&str; 5] = ["code", "status", "meaning", "category", "the guard"];

fn codes() -> String {
    let groups = [
        (Group::Connection, "Connection (`PGRST0xx`)"),
        (Group::Request, "Request (`PGRST1xx`)"),
        (Group::SchemaCache, "Schema cache (`PGRST2xx`)"),
        (Group::Token, "Token (`PGRST3xx`)"),
        (Group::Bound, "Bounds that PostgREST does not know (`SEAWALL_…`)"),
        (Group::Internal, "Internal (`PGRSTXxx`)"),
    ];
    let mut text = "## The server's codes\n\n".to_owned();
    for (group, title) in groups {
        text += &format!("### {title}\n\n{}", header(&COLUMNS));
        for code in Code::ALL.iter().filter(|code| code.group() == group) {
            text += &described(code.name(), code.name(), code.status().as_u16(), code.meaning());
        }
        text += "\n";
    }
    text
}

fn retired() -> String {
    let mut text = "### Retired\n\nNever used again.\n\n".to_owned();
    text += &header(&["code", "what it was"]);
    for (code, was) in RETIRED {
        text += &row(&[&format!("`{code}`"), was]);
    }
    text + "\n"
}

fn sqlstates() -> String {
    let mut text = "## PostgreSQL's codes\n\n\
        A SQLSTATE is sent as it is. A short one here stands for all that begin with it; the first that fits counts, \
        and what fits none is 400.\n\n"
        .to_owned();
    text += &header(&COLUMNS);
    for rule in sqlstate::RULES {
        let whole = format!("{:0<5}", rule.prefix);
        text += &described(rule.prefix, &whole, rule.status.as_u16(), rule.meaning);
    }
    text
}

/// How the guard judges every family of codes, whoever sends them, and what a person is told.
fn families() -> String {
    let mut text = "\n## How the guard judges codes\n\n\
        Whoever sends them. The first that fits counts; `*` stands for any beginning or end, and a short SQLSTATE or \
        `PGRST` code for all that begin with it. What fits none is judged by its status. The sentences are those of \
        `seawall/messages`; where there is none, the category's.\n\n"
        .to_owned();
    for (title, rows) in TABLE {
        text += &format!("### {title}\n\n");
        text += &header(&["code", "category", "the guard", "what a person is told"]);
        for (code, outcome) in *rows {
            let category = outcome.category.map_or("", Category::name);
            let told = CODES
                .iter()
                .find(|(name, _)| name == code)
                .map_or("", |(_, text)| *text);
            text += &row(&[
                &format!("`{code}`"),
                &format!("`{category}`"),
                &reaction(outcome),
                told,
            ]);
        }
        text += "\n";
    }
    text += "### Codes with a sentence of their own\n\n";
    text += &header(&["code", "what a person is told"]);
    for (code, told) in CODES {
        text += &row(&[&format!("`{code}`"), told]);
    }
    text
}

fn described(name: &str, code: &str, status: u16, meaning: &str) -> String {
    let answer = Answer::Response {
        service: Service::Rest,
        status,
        code: Some(code),
        retry_after: None,
    };
    let outcome = classify(&answer);
    let category = outcome
        .category
        .map_or_else(String::new, |category| format!("`{}`", category.name()));
    row(&[
        &format!("`{name}`"),
        &status.to_string(),
        meaning,
        &category,
        &reaction(&outcome),
    ])
}

fn reaction(outcome: &Outcome) -> String {
    let counted = match outcome.verdict {
        Verdict::Failure | Verdict::Unavailable => Some("counts it against the service"),
        Verdict::Healthy | Verdict::Neutral | Verdict::Local => None,
    };
    let repeated = match (outcome.transient, outcome.fate) {
        (true, Fate::NotDone) => Some("repeats any call"),
        (true, Fate::Unknown) => Some("repeats what is safe to repeat"),
        (true, Fate::Settled) | (false, Fate::NotDone | Fate::Unknown | Fate::Settled) => None,
    };
    let parts: Vec<&str> = counted.into_iter().chain(repeated).collect();
    if parts.is_empty() {
        "reports it".to_owned()
    } else {
        parts.join("; ")
    }
}
