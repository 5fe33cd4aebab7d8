//! Looking records up: every condition is a bind, and a page ends where the next begins.

use serde_json::Value;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Audit;

/// Most records of a page.
const MOST: u32 = 1_000;

/// What is looked for; what is left out is not asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Not before.
    pub(crate) from: Option<OffsetDateTime>,
    /// Before.
    pub(crate) to: Option<OffsetDateTime>,
    /// The user.
    pub(crate) subject: Option<String>,
    /// The kind of route.
    pub(crate) route: Option<String>,
    /// The table, function or address.
    pub(crate) target: Option<String>,
    /// The status.
    pub(crate) status: Option<u16>,
    /// What it came to.
    pub(crate) outcome: Option<String>,
    /// The request.
    pub(crate) request_id: Option<String>,
    /// The page ends before this record.
    pub(crate) before: Option<(OffsetDateTime, Uuid)>,
    /// Records of the page.
    pub(crate) limit: u32,
}

/// A record as it was stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Found {
    pub(crate) at: OffsetDateTime,
    pub(crate) id: Uuid,
    /// The record as JSON, by its columns' names.
    pub(crate) record: Value,
}

/// Some of what was found, the youngest first.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) records: Vec<Found>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<(OffsetDateTime, Uuid)>,
}

impl Audit {
    /// A page of what was recorded.
    pub(crate) async fn search(&self, filter: &Filter) -> sqlx::Result<Page> {
        let limit = filter.limit.clamp(1, MOST);
        let (before_at, before_id) = filter.before.unzip();
        let mut records: Vec<Found> = sqlx::query_as(
            "select at, id, to_jsonb(audit) as record from seawall.audit as audit
             where ($1::timestamptz is null or at >= $1)
               and ($2::timestamptz is null or at < $2)
               and ($3::text is null or subject = $3)
               and ($4::text is null or route = $4)
               and ($5::text is null or target = $5)
               and ($6::smallint is null or status = $6)
               and ($7::text is null or outcome = $7)
               and ($8::text is null or request_id = $8)
               and ($9::timestamptz is null or (at, id) < ($9, $10::uuid))
             order by at desc, id desc limit $11",
        )
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.subject.as_deref())
        .bind(filter.route.as_deref())
        .bind(filter.target.as_deref())
        .bind(filter.status.and_then(|status| i16::try_from(status).ok()))
        .bind(filter.outcome.as_deref())
        .bind(filter.request_id.as_deref())
        .bind(before_at)
        .bind(before_id)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.pool)
        .await?;
        let page = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = records.len() > page;
        records.truncate(page);
        let next = records.last().filter(|_| more).map(|last| (last.at, last.id));
        Ok(Page { records, next })
    }
}
