-- Functions from one row type to rows of another: relationships that somebody wrote.
select coalesce(json_agg(json_build_object(
  'function', json_build_object('schema', fn.nspname, 'name', p.proname),
  'table', json_build_object('schema', an.nspname, 'name', a.typname),
  'foreign_table', json_build_object('schema', rn.nspname, 'name', r.typname),
  'to_one', not p.proretset or p.prorows = 1
) order by p.oid), '[]')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace fn on fn.oid = p.pronamespace
join pg_catalog.pg_type a on a.oid = p.proargtypes[0]
join pg_catalog.pg_class ac on ac.oid = a.typrelid and ac.relkind in ('r', 'p', 'v', 'm', 'f')
join pg_catalog.pg_namespace an on an.oid = a.typnamespace
join pg_catalog.pg_type r on r.oid = p.prorettype
join pg_catalog.pg_class rc on rc.oid = r.typrelid and rc.relkind in ('r', 'p', 'v', 'm', 'f')
join pg_catalog.pg_namespace rn on rn.oid = r.typnamespace
where p.pronargs = 1
