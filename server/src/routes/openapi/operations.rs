//! The table of operations.

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    Everybody,
    Users,
    Administrators,
}

/// An answer that is no error.
pub(super) struct Answer {
    pub(super) status: &'static str,
    pub(super) says: &'static str,
    /// Its media type; none where it has no body.
    pub(super) media: Option<&'static str>,
}

/// One operation: method, path, what it does, who may, and the answers besides errors.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) does: &'static str,
    pub(super) who: For,
    /// Parameters after the path.
    pub(super) query: &'static [&'static str],
    /// The schema of the body, where there is one.
    pub(super) body: Option<&'static str>,
    pub(super) answers: &'static [Answer],
}

const fn answer(status: &'static str, says: &'static str, media: Option<&'static str>) -> Answer {
    Answer { status, says, media }
}

const JSON: Option<&str> = Some("application/json");
const OK: &[Answer] = &[answer("200", "Done", JSON)];
const EMPTY: &[Answer] = &[answer("204", "Done", None)];

const fn get(path: &'static str, does: &'static str, who: For, answers: &'static [Answer]) -> Operation {
    Operation {
        method: "get",
        path,
        does,
        who,
        query: &[],
        body: None,
        answers,
    }
}

const fn post(path: &'static str, does: &'static str, who: For, answers: &'static [Answer]) -> Operation {
    Operation {
        method: "post",
        ..get(path, does, who, answers)
    }
}

impl Operation {
    const fn asked(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    const fn taking(self, body: &'static str) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }
}

use For::{Administrators, Everybody, Users};

/// All of them.
pub(super) const OPERATIONS: &[Operation] = &[
    get("/live", "Whether the process answers", Everybody, OK),
    get(
        "/ready",
        "Whether requests would be served; 503 where they would not",
        Everybody,
        OK,
    ),
    get("/health", "How the server is, in a word", Everybody, OK),
    get(
        "/health/detailed",
        "How everything is that the server leans on",
        Administrators,
        OK,
    ),
    get(
        "/metrics",
        "What is counted",
        Everybody,
        &[answer("200", "Prometheus text", Some("text/plain"))],
    ),
    get(
        "/policy",
        "The policy that guards in pages share",
        Everybody,
        &[
            answer("200", "The document", JSON),
            answer("304", "Unchanged", None),
        ],
    ),
    post(
        "/ingest",
        "Takes a batch of metrics from a guard",
        Everybody,
        &[answer("204", "Counted, now or before", None)],
    )
    .taking("Batch"),
    get("/jobs/{id}", "A queued write of one's own", Users, OK),
    post("/jobs/{id}/cancel", "Cancels it, if it has not begun", Users, OK),
    post("/jobs/{id}/retry", "Queues it again", Users, OK),
    get(
        "/admin/instances",
        "The instances of the cluster",
        Administrators,
        OK,
    ),
    get(
        "/admin/breakers",
        "All breakers on this instance",
        Administrators,
        OK,
    ),
    get("/admin/breakers/{name}", "One breaker", Administrators, OK),
    post(
        "/admin/breakers/{name}",
        "Forces it open or closed, disables or resets it, on every instance",
        Administrators,
        OK,
    )
    .taking("Force"),
    get(
        "/admin/limits",
        "Tiers, and who is near a limit",
        Administrators,
        OK,
    ),
    Operation {
        method: "patch",
        ..get(
            "/admin/limits/tiers/{name}",
            "Changes a tier's quotas on every instance",
            Administrators,
            OK,
        )
        .taking("Adjustment")
    },
    Operation {
        method: "delete",
        ..get(
            "/admin/limits/keys/{key}",
            "Gives a key its whole burst again",
            Administrators,
            EMPTY,
        )
    },
    get("/admin/queue", "The write queue and its jobs", Administrators, OK)
        .asked(&["state", "before", "limit"]),
    get(
        "/admin/sessions",
        "What was revoked, by digest",
        Administrators,
        OK,
    ),
    post(
        "/admin/sessions/revoke",
        "Revokes a token, a session or a user's tokens on every instance",
        Administrators,
        EMPTY,
    )
    .taking("Ended"),
    get(
        "/admin/audit",
        "What was recorded of requests",
        Administrators,
        OK,
    )
    .asked(&[
        "from",
        "to",
        "subject",
        "route",
        "target",
        "status",
        "outcome",
        "request_id",
        "limit",
    ]),
    get(
        "/admin/events",
        "A live stream of events",
        Administrators,
        &[answer("200", "Server-sent events", Some("text/event-stream"))],
    ),
    get(
        "/internal/cache-stats",
        "What the response cache did",
        Administrators,
        OK,
    ),
    post(
        "/internal/cache/invalidate",
        "Throws answers away on every instance",
        Administrators,
        EMPTY,
    )
    .taking("Invalidation"),
];
