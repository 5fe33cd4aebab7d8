-- Indexes of tables outside the system's schemas, and how often each was used.
select coalesce(jsonb_agg(jsonb_build_object(
  'schema', n.nspname,
  'table', c.relname,
  'name', ic.relname,
  'comment', coalesce(pg_catalog.obj_description(ic.oid, 'pg_class'), ''),
  'columns', (select jsonb_agg(coalesce(a.attname, '') order by k.place)
    from unnest(i.indkey::smallint[]) with ordinality k (attnum, place)
    left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum and k.attnum > 0
    where k.place <= i.indnkeyatts),
  'unique', i.indisunique,
  'constraint', exists (select from pg_catalog.pg_constraint k where k.conindid = ic.oid and k.contype in ('p', 'u', 'x')),
  'valid', i.indisvalid,
  'partial', i.indpred is not null,
  -- Two indexes with the same shape answer the same questions.
  'shape', pg_catalog.concat_ws(' ', am.amname, i.indkey::text, i.indnkeyatts::text, i.indclass::text,
    i.indcollation::text, i.indoption::text, pg_catalog.pg_get_expr(i.indexprs, c.oid),
    pg_catalog.pg_get_expr(i.indpred, c.oid)),
  'scans', coalesce(s.idx_scan, 0),
  'bytes', pg_catalog.pg_relation_size(ic.oid),
  'inherited', ic.relispartition
) order by n.nspname, c.relname, ic.relname), '[]')
from pg_catalog.pg_index i
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
join pg_catalog.pg_am am on am.oid = ic.relam
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_stat_all_indexes s on s.indexrelid = ic.oid
where n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
