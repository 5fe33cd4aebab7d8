//! Carrying a plan out: each step in a transaction of its own, so that one that fails leaves the others done.

use seawall_pgrest::ident::Qualified;
use seawall_policy::time::UnixTime;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::catalogue::Table;
use super::month::Month;
use super::plan::{Part, Plan, Rule, Span, horizon};
use super::sql;

/// How far our clock and the database's may be apart before nothing is dropped.
const DIFFERENCE_S: u64 = 3600;

/// One instance at a time keeps partitions.
const LOCK: i64 = 0x5ea_3a11_0004;

/// What was done to a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) table: String,
    pub(crate) created: Vec<String>,
    pub(crate) dropped: Vec<String>,
    /// Rows dropped from the default part.
    pub(crate) swept: u64,
    /// Months after the present one that have a part.
    pub(crate) horizon: u32,
    /// What could not be done, and why.
    pub(crate) problems: Vec<String>,
}

/// Takes the lock that one instance holds; it ends with the session.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1)")
        .bind(LOCK)
        .fetch_one(connection)
        .await
}

/// Whether the clocks agree well enough to drop anything.
pub(super) async fn clocks_agree(connection: &mut PgConnection, now: UnixTime) -> Result<bool, sqlx::Error> {
    let theirs: i64 = sqlx::query_scalar("select extract(epoch from clock_timestamp())::bigint")
        .fetch_one(connection)
        .await?;
    Ok(agree(now, theirs))
}

fn agree(now: UnixTime, theirs_s: i64) -> bool {
    let ours_s = now.as_millis() / 1000;
    u64::try_from(theirs_s).is_ok_and(|theirs_s| ours_s.abs_diff(theirs_s) <= DIFFERENCE_S)
}

/// Keeps one table.
pub(super) async fn keep(
    connection: &mut PgConnection,
    name: &str,
    rule: Rule,
    now: UnixTime,
) -> Result<Done, sqlx::Error> {
    let mut done = Done {
        table: name.to_owned(),
        ..Done::default()
    };
    connection
        .execute("set timezone = 'UTC'; set search_path = pg_catalog")
        .await?;
    let table = match Table::read(connection, &Qualified::parse(name)).await? {
        Some(table) if table.is_by_time => table,
        Some(_) => return Ok(done.but("it is not partitioned by range of one date or time")),
        None => return Ok(done.but("there is no partitioned table of that name")),
    };
    let parts = table.parts(connection).await?;
    let plan = Plan::new(now, rule, &parts);
    let default = parts.iter().find(|part| part.span == Span::Default);
    for month in plan.blocked {
        done.problem(format!("{month} is held in part by another partition"));
    }
    for month in plan.create {
        match create(connection, &table, default, month).await {
            Ok(part) => done.created.push(part.name),
            Err(problem) => done.problem(format!("{month} could not be made: {problem}")),
        }
    }
    let removes_nothing = plan.drop.is_empty() && plan.sweep.is_none();
    if removes_nothing || clocks_agree(connection, now).await? {
        remove(connection, &table, &plan.drop, default.zip(plan.sweep), &mut done).await;
    } else {
        done.problem(
            "our clock and the database's are more than an hour apart, so nothing is dropped".to_owned(),
        );
    }
    done.horizon = horizon(now, &table.parts(connection).await?);
    Ok(done)
}

async fn remove(
    connection: &mut PgConnection,
    table: &Table,
    parts: &[Part],
    sweep: Option<(&Part, Month)>,
    done: &mut Done,
) {
    for part in parts {
        match in_transaction(connection, &[sql::drop(part)]).await {
            Ok(_) => done.dropped.push(part.name.clone()),
            Err(error) => done.problem(format!("{} could not be dropped: {error}", part.name)),
        }
    }
    let Some((default, oldest)) = sweep else { return };
    loop {
        match in_transaction(connection, &[sql::sweep(table, default, oldest)]).await {
            Ok(swept) => {
                done.swept += swept;
                if swept < sql::SWEPT_AT_ONCE {
                    return;
                }
            }
            Err(error) => return done.problem(format!("{} could not be swept: {error}", default.name)),
        }
    }
}

async fn create(
    connection: &mut PgConnection,
    table: &Table,
    default: Option<&Part>,
    month: Month,
) -> Result<Qualified, String> {
    let text = |error: sqlx::Error| error.to_string();
    let part = sql::part_name(table, month);
    let statements = match default {
        Some(default) if holds(connection, table, default, month).await.map_err(text)? => {
            if table.is_referenced {
                return Err(format!(
                    "{} holds rows of it, and other tables point to them",
                    default.name
                ));
            }
            sql::create_beside(table, default, month)
        }
        Some(_) | None => sql::create(table, month),
    };
    in_transaction(connection, &statements).await.map_err(text)?;
    revoke(connection, &part).await.map_err(text)?;
    Ok(part)
}

async fn holds(
    connection: &mut PgConnection,
    table: &Table,
    default: &Part,
    month: Month,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(sql::holds(table, default, month)))
        .fetch_one(connection)
        .await
}

const GRANTEES: &str = "
select distinct case a.grantee when 0 then '' else pg_get_userbyid(a.grantee)::text end
from pg_class c, aclexplode(c.relacl) a
where c.oid = to_regclass($1) and a.grantee <> c.relowner";

async fn revoke(connection: &mut PgConnection, part: &Qualified) -> Result<(), sqlx::Error> {
    let grantees: Vec<String> = sqlx::query_scalar(GRANTEES)
        .bind(part.sql())
        .fetch_all(&mut *connection)
        .await?;
    let statements: Vec<String> = grantees
        .iter()
        .map(|grantee| sql::revoke(part, grantee))
        .collect();
    in_transaction(connection, &statements).await.map(|_| ())
}

/// Runs statements; gives how many rows the last one touched.
async fn in_transaction(connection: &mut PgConnection, statements: &[String]) -> Result<u64, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    transaction.execute(sql::PATIENCE).await?;
    let mut touched = 0;
    for statement in statements {
        let outcome = transaction.execute(AssertSqlSafe(statement.clone())).await?;
        touched = outcome.rows_affected();
    }
    transaction.commit().await?;
    Ok(touched)
}

impl Done {
    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    fn but(mut self, problem: &str) -> Self {
        self.problems.push(problem.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_are_far_apart_do_not_agree() {
        let now = UnixTime::from_millis(1_794_700_800_000);
        assert!(agree(now, 1_794_700_800 + 3600) && agree(now, 1_794_700_800 - 3600));
        assert!(!agree(now, 1_794_700_800 + 3601) && !agree(now, 0) && !agree(now, -5));
    }
}
