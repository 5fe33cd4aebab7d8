//! Totals: counted, guessed by the planner, or both.

use crate::plan::{CallPlan, Condition, Counting, Embed, Plan, ReadNode, ReadPlan};
use crate::request::{Count, PlanFormat};
use crate::schema::Routine;

use super::explain;
use super::field::join_condition;
use super::filter;
use super::fragment::{Fragment, Statement};
use super::read::{all, from};

/// The number of rows of the answer.
pub(super) const PAGE_TOTAL: &str = "pg_catalog.count(_postgrest_t)";

/// The number of rows of a function's answer: one thing is one, whatever it is.
pub(super) const fn page_total(routine: &Routine) -> &'static str {
    if routine.returns_single() {
        "1::int8"
    } else {
        PAGE_TOTAL
    }
}

/// A total, and the common table expression it is counted in.
pub(super) struct Total {
    pub(super) cte: Fragment,
    pub(super) total: Fragment,
}

/// The total of a read. An estimate needs to know only whether there are more rows than are ever given.
pub(super) fn of_read(plan: &ReadPlan) -> Total {
    let most = match (plan.counting.wanted, plan.counting.max_rows) {
        (Some(Count::Estimated), Some(most)) => format!(" LIMIT {}", most.saturating_add(1)),
        (_, _) => String::new(),
    };
    total(plan.counting, PAGE_TOTAL, || counted(&plan.tree).push(&most))
}

/// The total of a call.
pub(super) fn of_call(plan: &CallPlan) -> Total {
    total(plan.counting, page_total(&plan.routine), || counted(&plan.tree))
}

/// The planner's guess at the total, as `EXPLAIN (FORMAT JSON)`, where the plan wants it.
#[must_use]
pub fn explained(plan: &Plan) -> Option<Statement> {
    let Plan::Read(read) = plan else { return None };
    match read.counting.wanted {
        Some(Count::Planned | Count::Estimated) => Some(
            explain(PlanFormat::Json, &[])
                .join(counted(&read.tree))
                .into_statement(),
        ),
        Some(Count::Exact) | None => None,
    }
}

/// Settles the total of an answer from what was counted and what the planner guessed.
#[must_use]
pub fn settle(counting: Counting, counted: Option<i64>, guessed: Option<i64>) -> Option<i64> {
    match counting.wanted {
        Some(Count::Planned) => guessed,
        Some(Count::Estimated) if counted > counting.max_rows => counted.max(guessed),
        Some(Count::Estimated | Count::Exact) | None => counted,
    }
}

/// The number in the planner's answer.
#[must_use]
pub fn guess(explained_json: &str) -> Option<i64> {
    let plans: serde_json::Value = serde_json::from_str(explained_json).ok()?;
    let rows = plans.get(0)?.get("Plan")?.get("Plan Rows")?;
    rows.as_i64()
}

fn total(counting: Counting, page_total: &str, counted: impl FnOnce() -> Fragment) -> Total {
    let is_whole = counting.range.is_all() && counting.max_rows.is_none();
    match counting.wanted {
        Some(Count::Exact | Count::Estimated) if is_whole => Total {
            cte: Fragment::empty(),
            total: Fragment::from(page_total),
        },
        Some(Count::Exact | Count::Estimated) => Total {
            cte: Fragment::from(", pgrst_source_count AS (")
                .join(counted())
                .push(")"),
            total: Fragment::from("(SELECT pg_catalog.count(*) FROM pgrst_source_count)"),
        },
        Some(Count::Planned) | None => Total {
            cte: Fragment::empty(),
            total: Fragment::from("NULL::int8"),
        },
    }
}

/// The rows that count, without what makes them up: an inner embed is a question whether there is one.
fn counted(node: &ReadNode) -> Fragment {
    level(node, None)
}

fn level(node: &ReadNode, embed: Option<&Embed>) -> Fragment {
    let of = node.reference();
    let own = node.conditions.iter().map(|condition| test(node, &of, condition));
    let joins = embed
        .into_iter()
        .flat_map(|embed| embed.joins.iter().map(join_condition));
    let inner = node.embeds.iter().filter(|embed| embed.is_inner).map(exists);
    Fragment::from("SELECT 1")
        .join(from(node, embed))
        .join(all(own.chain(joins).chain(inner)))
}

fn test(node: &ReadNode, of: &crate::ident::Qualified, condition: &Condition) -> Fragment {
    filter::condition(of, condition, &|slot, present| {
        let embed = node.embeds.iter().find(|embed| embed.slot == slot);
        let asked = embed.map_or_else(|| Fragment::from("TRUE"), exists);
        if present {
            asked
        } else {
            Fragment::from("NOT ").join(asked)
        }
    })
}

fn exists(embed: &Embed) -> Fragment {
    Fragment::from("EXISTS (")
        .join(level(&embed.node, Some(embed)))
        .push(")")
}
