-- Foreign keys, by the columns that point.
select coalesce(jsonb_agg(jsonb_build_object(
  'schema', n.nspname,
  'table', c.relname,
  'name', k.conname,
  'columns', (select jsonb_agg(a.attname order by key.place)
    from unnest(k.conkey) with ordinality key (attnum, place)
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = key.attnum),
  'target', tn.nspname || '.' || t.relname
) order by n.nspname, c.relname, k.conname), '[]')
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class t on t.oid = k.confrelid
join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
where k.contype = 'f' and k.conparentid = 0
  and n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
