-- Implicit casts by function between a domain and json or text: how somebody wants a domain shown and read.
select coalesce(json_agg(json_build_object(
  'source', pg_catalog.format_type(k.castsource, null),
  'target', pg_catalog.format_type(k.casttarget, null),
  'function', json_build_object('schema', n.nspname, 'name', p.proname)
) order by k.oid), '[]')
from pg_catalog.pg_cast k
join pg_catalog.pg_type s on s.oid = k.castsource
join pg_catalog.pg_type t on t.oid = k.casttarget
join pg_catalog.pg_proc p on p.oid = k.castfunc
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where k.castcontext = 'i'
  and k.castmethod = 'f'
  and pg_catalog.has_function_privilege(k.castfunc, 'execute')
  and (
    (s.typtype = 'd' and t.oid in ('json'::regtype, 'text'::regtype))
    or (t.typtype = 'd' and s.oid in ('json'::regtype, 'text'::regtype)))
