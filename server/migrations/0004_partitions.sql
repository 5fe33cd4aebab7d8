-- Tables in monthly parts, which the server makes ahead of time and drops after their retention, and how often
-- each index is used.

create table if not exists seawall.partitioned (
  parent text primary key,
  months_ahead integer not null default 3 check (months_ahead between 0 and 120),
  retention_months integer check (retention_months between 1 and 1200)
);
comment on table seawall.partitioned is
  'Tables by month that the server keeps: how many months ahead, and after how many their rows are dropped (null: never)';
comment on column seawall.partitioned.parent is 'schema.table, range-partitioned by one date or time';

-- What Seawall itself stores by month.
insert into seawall.partitioned (parent, months_ahead, retention_months)
select n.nspname || '.' || c.relname, 3, 12
from pg_catalog.pg_partitioned_table p
join pg_catalog.pg_class c on c.oid = p.partrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'seawall' and p.partstrat = 'r' and not c.relispartition
on conflict (parent) do nothing;

create or replace view seawall.index_usage_stats
with (security_invoker = true) as
  select
    s.schemaname::text as schema,
    s.relname::text as table,
    s.indexrelname::text as index,
    s.idx_scan as scans,
    s.idx_tup_read as entries_read,
    s.idx_tup_fetch as rows_fetched,
    t.seq_scan as sequential_scans_of_table,
    t.n_live_tup as rows_of_table,
    pg_catalog.pg_relation_size(s.indexrelid) as bytes,
    i.indisunique as is_unique,
    i.indisprimary as is_primary,
    i.indisvalid as is_valid,
    exists (select from pg_catalog.pg_constraint k where k.conindid = s.indexrelid) as is_constraint,
    pg_catalog.pg_get_indexdef(s.indexrelid) as definition,
    d.stats_reset as counted_since
  from pg_catalog.pg_stat_user_indexes s
  join pg_catalog.pg_stat_user_tables t on t.relid = s.relid
  join pg_catalog.pg_index i on i.indexrelid = s.indexrelid
  left join pg_catalog.pg_stat_database d on d.datname = pg_catalog.current_database();
comment on view seawall.index_usage_stats is
  'How often each index was used since the statistics were reset, and what it costs; `seawall check --indexes` judges it';

revoke all on seawall.partitioned, seawall.index_usage_stats from public;
