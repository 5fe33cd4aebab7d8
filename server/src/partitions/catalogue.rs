//! Tables in parts, as PostgreSQL knows them.

use seawall_pgrest::ident::Qualified;
use sqlx::{FromRow, PgConnection};

use super::plan::{Part, Span};

/// A table in parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) owner: String,
    /// Whether we are its owner.
    pub(super) is_own: bool,
    pub(super) rls: bool,
    pub(super) forced: bool,
    /// Whether it is one that can be kept: by range, of one column with a date or time.
    pub(super) is_by_time: bool,
    /// The column its parts go by.
    pub(super) key: String,
    /// Columns that can be written.
    pub(super) columns: Vec<String>,
    /// Whether other tables point to it.
    pub(super) is_referenced: bool,
}

const TABLE: &str = "
select n.nspname::text as schema, c.relname::text as name, pg_get_userbyid(c.relowner)::text as owner,
  c.relowner = (select oid from pg_roles where rolname = current_user) as is_own,
  c.relrowsecurity as rls, c.relforcerowsecurity as forced,
  p.partstrat = 'r' and p.partnatts = 1
    and coalesce(k.atttypid in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype), false) as is_by_time,
  coalesce(k.attname, '')::text as key,
  array(select a.attname::text from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns,
  exists (select from pg_constraint f where f.contype = 'f' and f.confrelid = c.oid) as is_referenced
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_partitioned_table p on p.partrelid = c.oid
left join pg_attribute k on k.attrelid = c.oid and k.attnum = p.partattrs[0] and k.attnum > 0
where c.oid = to_regclass($1)";

/// Bounds are parsed by PostgreSQL itself, in UTC; one that is no time, such as MINVALUE or infinity, has no end.
const PARTS: &str = r"
select n.nspname::text as schema, c.relname::text as name, bound = 'DEFAULT' as is_default,
  extract(epoch from substring(bound from $re$FROM \('(\d[^']*)'\)$re$)::timestamptz)::bigint as from_s,
  extract(epoch from substring(bound from $re$TO \('(\d[^']*)'\)$re$)::timestamptz)::bigint as to_s
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (select pg_get_expr(c.relpartbound, c.oid)) as bounds (bound)
where i.inhparent = to_regclass($1) and not i.inhdetachpending
order by c.relname";

#[derive(FromRow)]
struct PartRow {
    schema: String,
    name: String,
    is_default: bool,
    from_s: Option<i64>,
    to_s: Option<i64>,
}

impl Table {
    pub(super) fn qualified(&self) -> Qualified {
        Qualified::new(self.schema.as_str(), self.name.as_str())
    }

    /// The table of that name, if there is one in parts. The session's time zone must be UTC.
    pub(super) async fn read(
        connection: &mut PgConnection,
        name: &Qualified,
    ) -> Result<Option<Self>, sqlx::Error> {
        sqlx::query_as(TABLE)
            .bind(name.sql())
            .fetch_optional(connection)
            .await
    }

    /// Its parts.
    pub(super) async fn parts(&self, connection: &mut PgConnection) -> Result<Vec<Part>, sqlx::Error> {
        let rows: Vec<PartRow> = sqlx::query_as(PARTS)
            .bind(self.qualified().sql())
            .fetch_all(connection)
            .await?;
        Ok(rows.into_iter().map(Part::from).collect())
    }
}

impl From<PartRow> for Part {
    fn from(row: PartRow) -> Self {
        let span = if row.is_default {
            Span::Default
        } else {
            Span::Between(row.from_s, row.to_s)
        };
        Self {
            schema: row.schema,
            name: row.name,
            span,
        }
    }
}
