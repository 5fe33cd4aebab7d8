-- Primary keys, unique constraints and foreign keys of every schema: views in exposed schemas may rest on others.
select coalesce(json_agg(json_build_object(
  'name', k.conname,
  'kind', k.contype,
  'oid', k.conrelid::bigint,
  'table', json_build_object('schema', n.nspname, 'name', c.relname),
  'positions', k.conkey,
  'columns', (
    select json_agg(a.attname order by key.ord)
    from unnest(k.conkey) with ordinality as key(num, ord)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.num),
  'foreign_oid', k.confrelid::bigint,
  'foreign_table', case when k.contype = 'f' then
    json_build_object('schema', fn.nspname, 'name', f.relname) end,
  'foreign_positions', coalesce(k.confkey, '{}'),
  'foreign_columns', coalesce((
    select json_agg(a.attname order by key.ord)
    from unnest(k.confkey) with ordinality as key(num, ord)
    join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = key.num), '[]')
) order by k.conrelid, k.conname), '[]')
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_class f on f.oid = k.confrelid
left join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
where k.contype in ('p', 'u', 'f')
  and (k.contype <> 'f' or k.conparentid = 0)
  and n.nspname not in ('pg_catalog', 'information_schema')
  and not pg_catalog.pg_is_other_temp_schema(c.relnamespace)
