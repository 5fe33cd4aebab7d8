-- The stored rule of every view of the exposed schemas and of the extra search path. The rule, a node tree, says
-- which column of which table stands behind each column of the view.
-- $1: exposed schemas, $2: extra search path
select coalesce(json_agg(json_build_object(
  'oid', c.oid::bigint,
  'name', json_build_object('schema', n.nspname, 'name', c.relname),
  'columns', (
    select json_object_agg(a.attnum, a.attname)
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'rule', r.ev_action::text
) order by n.nspname, c.relname), '[]')
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_rewrite r on r.ev_class = c.oid and r.ev_type = '1'
where c.relkind in ('v', 'm')
  and n.nspname = any ($1::text[] || $2::text[])
