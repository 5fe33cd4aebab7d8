//! What the transaction of a request is made of, decided before anything is sent.

use std::borrow::Cow;

use http::Method;
use seawall_pgrest::plan::{Access, Plan};
use seawall_pgrest::request::{ApiRequest, MediaType, TxEnd as TxPreference};
use seawall_pgrest::response;
use seawall_pgrest::sql::{Statement, count, session};

use super::handler::Mount;
use super::live::Live;
use super::seal::Sealed;
use super::transaction::{Begin, End};
use crate::auth::Identity;
use crate::config::TxEnd;

/// The organisation a request is for, as policies read it.
const ORGANISATION: &str = "request.organisation";

/// Everything a transaction is made of.
pub(super) struct Work<'plan> {
    pub(super) plan: &'plan Plan,
    pub(super) role: &'plan str,
    pub(super) authenticated: bool,
    pub(super) begin: Begin,
    /// What is done for the queued job that this is.
    pub(super) sealed: Option<Sealed<'plan>>,
    pub(super) context: Statement,
    pub(super) pre_request: Option<Statement>,
    pub(super) main: Statement,
    pub(super) guess: Option<Statement>,
    pub(super) end: End,
    /// The planner's cost above which the statement is not run.
    pub(super) max_cost: Option<f64>,
    pub(super) timezone_chosen: bool,
    pub(super) explained: bool,
    /// Whether its rows are its answer, whatever the transaction's end says.
    pub(super) rows_are_all: bool,
    /// Which rows it wrote is asked for before it commits.
    pub(super) reports: bool,
    pub(super) prepare: bool,
    pub(super) generation: u64,
    /// Bytes of a row above which its body may be passed on as it comes; none where the answer must be whole first.
    pub(super) stream_above: Option<usize>,
}

/// What every transaction is told beside who asks; where organisations are, for which of them.
pub(super) fn settings<'live>(
    mount: &Mount,
    live: &'live Live,
    identity: &Identity,
) -> Cow<'live, [(String, String)]> {
    let settings = &live.config.rest.app_settings;
    if !mount.app.config.auth.organisation.is_on() {
        return Cow::Borrowed(settings);
    }
    let organisation = identity.organisation.as_deref().unwrap_or_default();
    let mut settings = settings.clone();
    // Last, so that no other setting of that name stands.
    settings.push((ORGANISATION.to_owned(), organisation.to_owned()));
    Cow::Owned(settings)
}

impl<'plan> Work<'plan> {
    /// What the transaction of a request is made of.
    pub(super) fn of(
        live: &'plan Live,
        identity: &'plan Identity,
        request: &ApiRequest,
        plan: &'plan Plan,
        (main, sealed): (Statement, Option<Sealed<'plan>>),
        settings: &[(String, String)],
    ) -> Self {
        let (rest, role) = (&live.config.rest, &*identity.role);
        let of_role = live.schema.role(role);
        let context = session::Context {
            role,
            claims: &identity.claims,
            extra_search_path: &rest.extra_search_path,
            app_settings: settings,
            role_settings: of_role
                .map(|settings| settings.settings.as_slice())
                .unwrap_or_default(),
            hoisted_settings: &rest.hoisted_tx_settings,
        };
        let isolation = plan.isolation().or_else(|| of_role?.isolation.as_deref());
        let is_sealed = sealed.is_some();
        Self {
            plan,
            role,
            authenticated: rest.anon_role.as_deref() != Some(role),
            // What is noted of a job is a write, even where the job itself is none.
            begin: begin(
                if is_sealed {
                    Access::ReadWrite
                } else {
                    plan.access()
                },
                isolation,
            ),
            context: session::context(plan, request, &context),
            pre_request: live.pre_request.as_ref().map(session::pre_request),
            main,
            stream_above: stream_above(live, plan, is_sealed),
            guess: count::explained(plan),
            // What was accepted as a job was to be committed.
            end: if is_sealed {
                End::Commit
            } else {
                end(rest.tx_end, request.preferences.tx)
            },
            sealed,
            timezone_chosen: request.preferences.timezone.is_some(),
            max_cost: live.plan_config(role).bounds.max_cost,
            explained: is_explained(plan),
            rows_are_all: !is_sealed && rows_are_all(plan, isolation),
            reports: false,
            prepare: live.config.database.prepared_statements,
            generation: live.generation,
        }
    }
}

/// Whether carrying it out later is as good: it writes, and what it writes stays.
pub(super) fn may_wait(live: &Live, request: &ApiRequest, plan: &Plan) -> bool {
    let writes = match plan {
        Plan::Mutate(_) => true,
        Plan::Call(_) => request.context.method == Method::POST.as_str(),
        Plan::Read(_) | Plan::Inspect(_) | Plan::Info(_) => false,
    };
    writes && !is_explained(plan) && end(live.config.rest.tx_end, request.preferences.tx) == End::Commit
}

/// A read of a relation is answered when its rows are there: nothing waits for its transaction's end, which has nothing
/// to refuse. Only a serialisable one may still be told there that it read what could not be.
fn rows_are_all(plan: &Plan, isolation: Option<&str>) -> bool {
    matches!(plan, Plan::Read(_))
        && !isolation.is_some_and(|level| level.eq_ignore_ascii_case("serializable"))
}

fn is_explained(plan: &Plan) -> bool {
    plan.answer()
        .is_some_and(|answer| matches!(answer.media, MediaType::Plan { .. }))
}

/// Where an answer is large, it may begin before it is whole, unless something that comes after its rows is part of
/// what it says.
fn stream_above(live: &Live, plan: &Plan, is_sealed: bool) -> Option<usize> {
    let may_begin = !is_sealed && response::may_begin_early(plan) && count::explained(plan).is_none();
    live.config.database.stream_above.filter(|_| may_begin)
}

/// A mode the database cannot give (writing, on a standby) fails here, and all that follows is skipped.
fn begin(access: Access, isolation: Option<&str>) -> Begin {
    match (access, isolation) {
        (Access::ReadOnly, None) => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY".into(),
        (Access::ReadWrite, None) => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE".into(),
        (Access::ReadOnly, Some(isolation)) => format!("BEGIN ISOLATION LEVEL {isolation} READ ONLY").into(),
        (Access::ReadWrite, Some(isolation)) => {
            format!("BEGIN ISOLATION LEVEL {isolation} READ WRITE").into()
        }
    }
}

fn end(configured: TxEnd, preferred: Option<TxPreference>) -> End {
    match (configured, preferred) {
        (TxEnd::Commit, _) | (TxEnd::CommitAllowOverride, None | Some(TxPreference::Commit)) => End::Commit,
        (TxEnd::Rollback, _) | (TxEnd::RollbackAllowOverride, None | Some(TxPreference::Rollback)) => {
            End::Rollback
        }
        (TxEnd::CommitAllowOverride, Some(TxPreference::Rollback)) => End::Rollback,
        (TxEnd::RollbackAllowOverride, Some(TxPreference::Commit)) => End::Commit,
    }
}
