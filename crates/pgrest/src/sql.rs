//! Stage 4, SQL: a plan becomes text plus binds.
//!
//! Every value of a request is a bind; every name is quoted by [`crate::ident`]; types, defaults and functions
//! come from the catalogue. [`statement`] gives one row in the columns of [`crate::response::ResultRow`], unless
//! the plan of that statement was asked for.

mod body;
mod call;
pub mod cost;
pub mod count;
mod field;
mod filter;
pub mod fragment;
mod handler;
pub mod inspect;
mod mutate;
mod read;
pub mod session;

pub use fragment::{Bind, Fragment, Statement};

use crate::plan::{Answer, CallPlan, Handler, MutatePlan, Plan, ReadPlan};
use crate::request::{MediaType, Mutation, PlanFormat, PlanOption, Representation, Resolution};
use crate::schema::Routine;

use crate::plan::Write;
use handler::Rows;

/// The common table expression that holds the rows read, written or given.
const SOURCE: &str = "pgrst_source";
/// The common table expression that holds what is shown of them, where that is read twice.
const SHOWN: &str = "pgrst_shown";
/// Rows of the answer, in the outermost select.
const ROWS: &str = "_postgrest_t";

/// The main statement of a plan; nothing where no database is needed.
#[must_use]
pub fn statement(plan: &Plan) -> Option<Statement> {
    let (fragment, answer) = match plan {
        Plan::Read(read) => (main_read(read), &read.answer),
        Plan::Mutate(mutate) => (main_mutate(mutate), &mutate.answer),
        Plan::Call(call) => (main_call(call), &call.answer),
        Plan::Inspect(inspect) => return Some(inspect::statement(inspect)),
        Plan::Info(_) => return None,
    };
    Some(explained(answer, fragment).into_statement())
}

fn main_read(plan: &ReadPlan) -> Fragment {
    let source = read::query(&plan.tree);
    let count = count::of_read(plan);
    let mut out = Fragment::from("WITH ")
        .push(SOURCE)
        .push(" AS (")
        .join(source)
        .push(")");
    out = out.join(count.cte).push(" SELECT ");
    out = out.join(row(
        Row {
            total: count.total,
            page_total: Fragment::from(count::PAGE_TOTAL),
            location: None,
            body: handler::body(&plan.answer.handler, Rows::Table, SOURCE),
            inserted: "NULL::int8",
        },
        &plan.answer,
    ));
    out.push(" FROM (SELECT * FROM ")
        .push(SOURCE)
        .push(") ")
        .push(ROWS)
}

fn main_mutate(plan: &MutatePlan) -> Fragment {
    let written = mutate::query(plan);
    let shown = if plan.representation == Some(Representation::Full) {
        read::query(&plan.tree)
    } else {
        Fragment::from("SELECT * FROM ").push(SOURCE)
    };
    let out = Fragment::from("WITH ")
        .push(SOURCE)
        .push(" AS (")
        .join(written)
        .push(")");
    let shown = Shown::of(&plan.answer.handler, shown);
    let out = out.join(shown.cte).push(" SELECT ");
    let out = out.join(row(
        Row {
            total: Fragment::from("NULL::int8"),
            page_total: Fragment::from(count::PAGE_TOTAL),
            location: Some(location(plan)),
            body: handler::body(&plan.answer.handler, Rows::Table, shown.name),
            inserted: if counts_inserts(plan) {
                mutate::INSERTED
            } else {
                "NULL::int8"
            },
        },
        &plan.answer,
    ));
    out.push(" FROM (").join(shown.rows).push(") ").push(ROWS)
}

fn main_call(plan: &CallPlan) -> Fragment {
    let called = call::query(plan);
    let count = count::of_call(plan);
    let shown = Shown::of(&plan.answer.handler, read::query(&plan.tree));
    let out = Fragment::from("WITH ")
        .push(SOURCE)
        .push(called_as(plan))
        .join(called)
        .push(")");
    let out = out.join(count.cte).join(shown.cte).push(" SELECT ");
    let out = out.join(row(
        Row {
            total: count.total,
            page_total: Fragment::from(count::page_total(&plan.routine)),
            location: None,
            body: handler::body(&plan.answer.handler, Rows::of(&plan.routine), shown.name),
            inserted: "NULL::int8",
        },
        &plan.answer,
    ));
    out.push(" FROM (").join(shown.rows).push(") ").push(ROWS)
}

/// A value that is the body as it is must be there before the settings are read that its function may have made;
/// whatever is aggregated is.
fn called_as(plan: &CallPlan) -> &'static str {
    match (&plan.answer.handler, Rows::of(&plan.routine)) {
        (Handler::Custom(_), Rows::Scalar) if !is_explained(&plan.answer) => " AS MATERIALIZED (",
        (_, _) => " AS (",
    }
}

/// What is shown of rows that were written or given.
struct Shown {
    cte: Fragment,
    rows: Fragment,
    /// The common table expression that has the columns shown.
    name: &'static str,
}

impl Shown {
    /// CSV has to look at one row beforehand, for the names, so what is shown becomes an expression of its own.
    fn of(handler: &Handler, query: Fragment) -> Self {
        if *handler == Handler::Csv {
            Self {
                cte: Fragment::from(", ")
                    .push(SHOWN)
                    .push(" AS (")
                    .join(query)
                    .push(")"),
                rows: Fragment::from("SELECT * FROM ").push(SHOWN),
                name: SHOWN,
            }
        } else {
            Self {
                cte: Fragment::empty(),
                rows: query,
                name: SOURCE,
            }
        }
    }
}

/// The columns of [`crate::response::ResultRow`], by position.
struct Row {
    total: Fragment,
    page_total: Fragment,
    /// Where a write's row is.
    location: Option<Fragment>,
    body: Fragment,
    inserted: &'static str,
}

fn row(row: Row, answer: &Answer) -> Fragment {
    let totals = row
        .total
        .push(" AS total, ")
        .join(row.page_total)
        .push(" AS page_total, ");
    // a setting once set is empty, not null, in the transactions that follow
    let told = Fragment::from("nullif(current_setting('response.headers', true), '') AS response_headers, ")
        .push("nullif(current_setting('response.status', true), '') AS response_status, ")
        .push(row.inserted)
        .push(" AS inserted");
    let is_write = row.location.is_some();
    let location = row
        .location
        .unwrap_or_else(|| Fragment::from("NULL::text"))
        .push(" AS location");
    let body = row.body.push(" AS body");
    let columns = if is_explained(answer) {
        // whoever reads a plan expects the body where PostgREST has it
        if is_write {
            [location, body, told]
        } else {
            [body, told, location]
        }
    } else {
        // last, so that all else is known before the body has come
        [told, location, body]
    };
    let [first, second, third] = columns;
    totals.join(first).push(", ").join(second).push(", ").join(third)
}

fn is_explained(answer: &Answer) -> bool {
    matches!(answer.media, MediaType::Plan { .. })
}

/// Where the new row is, for an insert of exactly one that wants to know.
fn location(plan: &MutatePlan) -> Fragment {
    let is_insert = matches!(plan.write, Write::Insert { .. });
    if !is_insert || plan.representation != Some(Representation::HeadersOnly) || plan.primary_key.is_empty() {
        return Fragment::from("NULL::text");
    }
    let keys = plan
        .primary_key
        .iter()
        .map(|name| crate::ident::literal(name))
        .collect::<Vec<_>>()
        .join(", ");
    Fragment::from("CASE WHEN ")
        .push(count::PAGE_TOTAL)
        .push(&format!(
            " = 1 THEN (SELECT json_agg(json_build_array(field.key, field.value))::text \
         FROM (SELECT row_to_json(r) AS row FROM {SOURCE} AS r LIMIT 1) AS one, \
         json_each_text(one.row) AS field WHERE field.key IN ({keys})) END"
        ))
}

/// Whether rows that were there may have been merged into, so that the new ones have to be told apart.
fn counts_inserts(plan: &MutatePlan) -> bool {
    match &plan.write {
        Write::Insert { conflict, .. } => {
            plan.mutation == Mutation::SingleUpsert
                || matches!(conflict, Some((Resolution::MergeDuplicates, _)))
        }
        Write::Update { .. } | Write::Delete { .. } => false,
    }
}

fn explained(answer: &Answer, fragment: Fragment) -> Fragment {
    if let MediaType::Plan { format, options, .. } = &answer.media {
        explain(*format, options).join(fragment)
    } else {
        fragment
    }
}

fn explain(format: PlanFormat, options: &[PlanOption]) -> Fragment {
    let format = match format {
        PlanFormat::Text => "FORMAT TEXT",
        PlanFormat::Json => "FORMAT JSON",
    };
    let options = options.iter().map(|option| match option {
        PlanOption::Analyze => "ANALYZE",
        PlanOption::Verbose => "VERBOSE",
        PlanOption::Settings => "SETTINGS",
        PlanOption::Buffers => "BUFFERS",
        PlanOption::Wal => "WAL",
    });
    let list: Vec<&str> = std::iter::once(format).chain(options).collect();
    Fragment::from("EXPLAIN (").push(&list.join(", ")).push(") ")
}

impl Rows {
    fn of(routine: &Routine) -> Self {
        use crate::schema::Returns;
        match routine.returns {
            Returns::Void | Returns::Scalar => Self::Scalar,
            Returns::Row => Self::Row,
            Returns::SetOfScalars => Self::Scalars,
            Returns::SetOfRows => Self::Table,
        }
    }
}
