//! A queued job's hold on its transaction: what is said before the caller's statement, and after it.
//!
//! Both statements run as the login role, the first before the caller's role is taken
//! and the last after it is given up, so callers' roles need no grant of the queue's.
//! Before it is given up, deferred constraints are checked, since their triggers are
//! the caller's business. Every name is qualified and no operator is used: whatever
//! the caller's statement left as search path decides nothing.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use seawall_pgrest::error::ResponseError;
use seawall_pgrest::response::{Reply, ResultRow};
use seawall_pgrest::sql::{Bind, Statement};
use uuid::Uuid;

use super::handler::{self, Mount};
use super::transaction::{Step, Steps};
use crate::app::App;
use crate::error::ApiError;
use crate::queue::job::{Claimed, headers, pairs};
use crate::wire::WireError;

const CHECK: &str = "SET CONSTRAINTS ALL IMMEDIATE";
const GIVE_ROLE_UP: &str = "SET LOCAL ROLE NONE";

/// Which job a request is, as extension of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobSeal {
    pub(crate) job: Uuid,
    pub(crate) lease: Uuid,
    /// Most bytes of the answer's body that are kept.
    pub(crate) result_limit: usize,
}

/// How the job's end is put into words once the row is there.
pub(super) type Finish<'work> = dyn Fn(&ResultRow) -> Result<Statement, ResponseError> + Send + Sync + 'work;

/// What a transaction does for its job.
pub(super) struct Sealed<'work> {
    pub(super) begin: Statement,
    pub(super) finish: &'work Finish<'work>,
}

impl JobSeal {
    /// Holds the job, or fails the transaction.
    pub(super) fn begin(&self) -> Statement {
        Statement {
            text: "SELECT seawall.job_begin($1, $2)".to_owned(),
            binds: vec![bind(&self.job), bind(&self.lease)],
        }
    }

    /// Notes that the job is done, with its answer.
    pub(super) fn finish(&self, reply: &Reply) -> Statement {
        let omitted = reply.body.len() > self.result_limit;
        let body: &[u8] = if omitted { b"" } else { &reply.body };
        Statement {
            text: "SELECT seawall.job_finish($1, $2, $3, $4, $5, $6)".to_owned(),
            binds: vec![
                bind(&self.job),
                bind(&self.lease),
                bind(&reply.status.as_u16()),
                bind(&pairs(&reply.headers)),
                bind(&bytea(body)),
                bind(&omitted),
            ],
        }
    }
}

/// Carries a job out along the path of a live request.
pub(crate) async fn carry_out(app: &App, job: &Claimed, seal: JobSeal) -> Response {
    let mount = Mount {
        app: app.clone(),
        prefix: job.mount.clone(),
    };
    let request = Request::builder()
        .method(job.method.as_str())
        .uri(job.target.as_str())
        .extension(job.identity())
        .extension(seal)
        .body(Body::from(job.body.clone()));
    match request {
        Ok(mut request) => {
            *request.headers_mut() = headers(&job.headers);
            handler::handle(State(mount), request).await
        }
        Err(error) => ApiError::internal(error).into_response(),
    }
}

/// The role the server logs in as.
pub(crate) async fn login_role(app: &crate::app::Parts) -> Result<String, String> {
    ask_as_login(app, "select session_user::text").await
}

/// One text from the database that requests go to, asked as the login role.
pub(crate) async fn ask_as_login(app: &crate::app::Parts, question: &'static str) -> Result<String, String> {
    let mut loan = app.rest.pool.get().await.map_err(|error| error.to_string())?;
    let rows = loan.ask(question, &[]).await?;
    let told = rows.first().and_then(|row| row.text(0));
    told.ok_or_else(|| "the database does not say".to_owned())
}

/// Adds the last words of a sealed transaction.
pub(super) fn close(steps: &mut Steps<'_>, finish: &Statement) -> Result<(), WireError> {
    steps.fixed(Step::Sealed, CHECK)?;
    steps.fixed(Step::Sealed, GIVE_ROLE_UP)?;
    steps.add(Step::Sealed, "", finish)
}

fn bind(value: &impl ToString) -> Bind {
    Bind(Some(value.to_string()))
}

/// Bytes as PostgreSQL writes them.
fn bytea(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("\\x");
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn last_binds(body: &'static [u8]) -> Vec<String> {
        let seal = JobSeal {
            job: Uuid::nil(),
            lease: Uuid::nil(),
            result_limit: 4,
        };
        let reply = Reply {
            status: StatusCode::CREATED,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body),
        };
        let binds = seal.finish(&reply).binds;
        binds.into_iter().skip(2).filter_map(|bind| bind.0).collect()
    }

    #[test]
    fn an_answer_is_kept_up_to_its_limit_and_then_left_out_whole() {
        assert_eq!(last_binds(b"\x00a\xff"), ["201", "[]", "\\x0061ff", "false"]);
        assert_eq!(last_binds(b"12345"), ["201", "[]", "\\x", "true"]);
    }
}
