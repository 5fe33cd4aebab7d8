//! Whether an outcome may stand. Asked before the commit of a write, so that what may not can be undone.

use super::row::ResultRow;
use crate::{
    error::ResponseError,
    plan::{Access, Answer, Plan},
    request::{Invocation, MediaType, Mutation},
};

/// Whether [`verdict`] can refuse an outcome that has anything to undo, so that it must be asked before the
/// commit. What only reads may be committed first and judged after.
#[must_use]
pub fn is_judged(plan: &Plan) -> bool {
    match plan {
        Plan::Call(call) => {
            call.access == Access::ReadWrite && (call.answer.media.is_object() || call.max_affected.is_some())
        }
        Plan::Mutate(mutate) => {
            mutate.mutation == Mutation::SingleUpsert
                || mutate.answer.media.is_object()
                || mutate.max_affected.is_some()
        }
        Plan::Read(_) | Plan::Inspect(_) | Plan::Info(_) => false,
    }
}

/// Whether the answer may begin before its body has come: the statement only reads, so that nothing is undone if
/// the transaction ends badly, and its rows are the body.
#[must_use]
pub fn may_begin_early(plan: &Plan) -> bool {
    match plan {
        Plan::Read(read) => !read.headers_only && !is_explained(&read.answer),
        Plan::Call(call) => {
            call.access == Access::ReadOnly
                && call.invocation != Invocation::Head
                && !is_explained(&call.answer)
        }
        Plan::Mutate(_) | Plan::Inspect(_) | Plan::Info(_) => false,
    }
}

/// Judges an outcome.
///
/// # Errors
///
/// When it is not what the request allows; the transaction must then be rolled back.
pub fn verdict(plan: &Plan, row: &ResultRow) -> Result<(), ResponseError> {
    match plan {
        Plan::Read(read) => single(&read.answer, row),
        Plan::Call(call) => {
            single(&call.answer, row)?;
            within(call.max_affected, row)
        }
        Plan::Mutate(mutate) if is_explained(&mutate.answer) => Ok(()),
        Plan::Mutate(mutate) => match mutate.mutation {
            Mutation::Create => single(&mutate.answer, row),
            Mutation::Update | Mutation::Delete => {
                single(&mutate.answer, row)?;
                within(mutate.max_affected, row)
            }
            Mutation::SingleUpsert if row.page_total != 1 => Err(ResponseError::PutMismatch),
            Mutation::SingleUpsert => Ok(()),
        },
        Plan::Inspect(_) | Plan::Info(_) => Ok(()),
    }
}

fn is_explained(answer: &Answer) -> bool {
    matches!(answer.media, MediaType::Plan { .. })
}

fn single(answer: &Answer, row: &ResultRow) -> Result<(), ResponseError> {
    match row.page_total {
        rows if rows != 1 && answer.media.is_object() => Err(ResponseError::Singularity { rows }),
        _ => Ok(()),
    }
}

fn within(max_affected: Option<i64>, row: &ResultRow) -> Result<(), ResponseError> {
    match max_affected {
        Some(most) if row.page_total > most => Err(ResponseError::MaxAffected { rows: row.page_total }),
        Some(_) | None => Ok(()),
    }
}
