//! Stage 5, RESPONSE: one row back becomes status, headers and body.
//!
//! [`verdict`] says whether the outcome may stand. It must be asked before the commit if [`is_judged`]
//! says so of the plan; else the commit need not wait for it. After that [`reply`] puts the answer
//! together. `Content-Length` is left to the server, which knows what it sends.

mod guc;
mod location;
pub mod openapi;
mod preference;
mod range;
pub mod row;
mod timing;
mod verdict;
mod warning;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

pub use row::ResultRow;
pub use timing::ServerTiming;
pub use verdict::{is_judged, may_begin_early, verdict};

use crate::{
    error::{ResponseError, Verbosity},
    plan::{Answer, CallPlan, InfoPlan, InspectPlan, MutatePlan, Plan, ReadPlan},
    request::{ApiRequest, Invocation, MediaType, Mutation, Preferences, Representation, Resolution},
    schema::{Routine, Table, Volatility},
};

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const CONTENT_PROFILE: HeaderName = HeaderName::from_static("content-profile");
const VARY: HeaderValue = HeaderValue::from_static("Accept, Prefer, Range");

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Every header but `Content-Length` and what middleware adds.
    pub headers: HeaderMap,
    /// The body; empty for HEAD.
    pub body: Bytes,
}

/// Puts the answer together. The row of a plan that needs no database is the default one; the body of an
/// [`InspectPlan`]'s row is to be replaced by [`openapi::document`] first.
///
/// # Errors
///
/// When the database left malformed `response.headers` or `response.status` behind.
pub fn reply(
    plan: &Plan,
    request: &ApiRequest,
    mut row: ResultRow,
    verbosity: Verbosity,
) -> Result<Reply, ResponseError> {
    let overrides = guc::Overrides::take(&mut row)?;
    let mut reply = match plan {
        Plan::Read(plan) if is_explained(&plan.answer) => explained(&plan.answer, request, row),
        Plan::Mutate(plan) if is_explained(&plan.answer) => explained(&plan.answer, request, row),
        Plan::Call(plan) if is_explained(&plan.answer) => explained(&plan.answer, request, row),
        Plan::Read(plan) => read(plan, request, row, verbosity),
        Plan::Mutate(plan) => mutate(plan, request, row),
        Plan::Call(plan) => call(plan, request, row, verbosity),
        Plan::Inspect(plan) => inspect(plan, request, row),
        Plan::Info(plan) => info(plan),
    };
    reply.headers.entry(header::VARY).or_insert(VARY);
    if let Some(warning) = warning::of(plan) {
        reply.headers.insert(header::WARNING, warning);
    }
    overrides.apply(&mut reply);
    Ok(reply)
}

fn is_explained(answer: &Answer) -> bool {
    matches!(answer.media, MediaType::Plan { .. })
}

fn explained(answer: &Answer, request: &ApiRequest, row: ResultRow) -> Reply {
    let mut reply = Reply::new(StatusCode::OK);
    reply.set_body(&answer.media, request, row.body);
    reply
}

fn read(plan: &ReadPlan, request: &ApiRequest, row: ResultRow, verbosity: Verbosity) -> Reply {
    let found = range::Found::of(request, &row);
    let mut reply = Reply::new(found.status());
    reply.set(header::CONTENT_RANGE, &found.content_range());
    let here = location::of_read(&plan.tree.relation.name, &request.query.canonical);
    reply.set(header::CONTENT_LOCATION, &here);
    reply.apply_preferences(&preference::of_read(&request.preferences));
    reply.set_rows(&plan.answer, request, row, found, verbosity);
    if plan.headers_only {
        reply.body = Bytes::new();
    }
    reply
}

fn mutate(plan: &MutatePlan, request: &ApiRequest, row: ResultRow) -> Reply {
    let full = plan.representation == Some(Representation::Full);
    let mut reply = Reply::new(mutate_status(plan, request, &row, full));
    let total = request.preferences.counts_rows().then_some(row.page_total);
    match plan.mutation {
        Mutation::Create => {
            if let Some(location) = location::of_new(&plan.table.name, row.location.as_deref()) {
                reply.set(header::LOCATION, &location);
            }
            reply.set(header::CONTENT_RANGE, &range::content_range(None, total));
        }
        Mutation::Update => {
            let rows = range::first_and_last(0, row.page_total);
            reply.set(header::CONTENT_RANGE, &range::content_range(rows, total));
        }
        Mutation::Delete => reply.set(header::CONTENT_RANGE, &range::content_range(None, total)),
        Mutation::SingleUpsert => {}
    }
    reply.apply_preferences(&preference::of_mutation(plan, request));
    if full {
        reply.set_body(&plan.answer.media, request, row.body);
    }
    reply
}

fn mutate_status(plan: &MutatePlan, request: &ApiRequest, row: &ResultRow, full: bool) -> StatusCode {
    let inserted_none = row.inserted.is_some_and(|inserted| inserted <= 0);
    let merging = request.preferences.resolution == Some(Resolution::MergeDuplicates);
    match plan.mutation {
        Mutation::Create if merging && inserted_none => StatusCode::OK,
        Mutation::Create => StatusCode::CREATED,
        Mutation::SingleUpsert if full && inserted_none => StatusCode::OK,
        Mutation::SingleUpsert if full => StatusCode::CREATED,
        Mutation::Update | Mutation::Delete if full => StatusCode::OK,
        Mutation::Update | Mutation::Delete | Mutation::SingleUpsert => StatusCode::NO_CONTENT,
    }
}

fn call(plan: &CallPlan, request: &ApiRequest, row: ResultRow, verbosity: Verbosity) -> Reply {
    let found = range::Found::of(request, &row);
    let mut reply = Reply::new(found.status());
    reply.set(header::CONTENT_RANGE, &found.content_range());
    reply.apply_preferences(&preference::of_call(&request.preferences));
    if plan.routine.returns_void() {
        reply.status = StatusCode::NO_CONTENT;
        return reply;
    }
    reply.set_rows(&plan.answer, request, row, found, verbosity);
    if plan.invocation == Invocation::Head {
        reply.body = Bytes::new();
    }
    reply
}

fn inspect(plan: &InspectPlan, request: &ApiRequest, row: ResultRow) -> Reply {
    let mut reply = Reply::new(StatusCode::OK);
    reply.set_body(&MediaType::OpenApi(plan.version), request, row.body);
    if plan.headers_only {
        reply.body = Bytes::new();
    }
    reply
}

fn info(plan: &InfoPlan) -> Reply {
    let mut reply = Reply::new(StatusCode::OK);
    let any_origin = HeaderValue::from_static("*");
    reply
        .headers
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any_origin);
    let allowed = match plan {
        InfoPlan::Relation(table) => relation_methods(table),
        InfoPlan::Routine(routine) => routine_methods(routine).to_owned(),
        InfoPlan::Schema => "OPTIONS,GET,HEAD".to_owned(),
    };
    reply.set(header::ALLOW, &allowed);
    reply
}

fn relation_methods(table: &Table) -> String {
    let puttable = table.insertable && table.updatable && !table.primary_key.is_empty();
    let writes = [
        (table.insertable, ",POST"),
        (puttable, ",PUT"),
        (table.updatable, ",PATCH"),
        (table.deletable, ",DELETE"),
    ];
    let allowed = writes
        .into_iter()
        .filter(|(allowed, _)| *allowed)
        .map(|(_, method)| method);
    std::iter::once("OPTIONS,GET,HEAD").chain(allowed).collect()
}

const fn routine_methods(routine: &Routine) -> &'static str {
    match routine.volatility {
        Volatility::Volatile => "OPTIONS,POST",
        Volatility::Stable | Volatility::Immutable => "OPTIONS,GET,HEAD,POST",
    }
}

impl Reply {
    fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// Sets a header; a value that cannot be one is left out.
    fn set(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.insert(name, value);
        }
    }

    fn apply_preferences(&mut self, preferences: &Preferences) {
        if let Some(applied) = preference::applied(preferences) {
            self.set(PREFERENCE_APPLIED, &applied);
        }
    }

    fn set_body(&mut self, media: &MediaType, request: &ApiRequest, body: Option<Bytes>) {
        self.set(header::CONTENT_TYPE, &media.content_type());
        if request.schema_negotiated {
            self.set(CONTENT_PROFILE, &request.schema);
        }
        self.body = body.unwrap_or_default();
    }

    /// The rows, or why there are none where the range asks for some.
    fn set_rows(
        &mut self,
        answer: &Answer,
        request: &ApiRequest,
        row: ResultRow,
        found: range::Found,
        verbosity: Verbosity,
    ) {
        match found.out_of_bounds() {
            None => self.set_body(&answer.media, request, row.body),
            Some(error) => {
                let body = error.report().body(verbosity);
                self.set_body(&MediaType::Json, request, Some(body.into()));
            }
        }
    }
}
