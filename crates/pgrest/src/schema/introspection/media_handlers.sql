-- What makes a custom media type: aggregates over a table's rows, and functions, that return a domain named like
-- a media type.
-- $1: exposed schemas
with media_type as (
  select t.oid, t.typname, n.nspname,
    lower(t.typname) as accepted,
    case t.typname when '*/*' then 'application/octet-stream' else t.typname end as produced
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where t.typtype = 'd'
    and (t.typname = '*/*' or t.typname ~* '^[a-z0-9.-]+/[a-z0-9.+-]+$')
),
handler as (
  select json_build_object(
    'function', json_build_object('schema', n.nspname, 'name', p.proname),
    'target', case when a.typname = 'anyelement' then null
      else json_build_object('schema', an.nspname, 'name', a.typname) end,
    'accepted', m.accepted,
    'produced', m.produced) as entry
  from media_type m
  join pg_catalog.pg_proc p on p.prorettype = m.oid and p.prokind = 'a' and p.pronargs = 1
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  join pg_catalog.pg_type a on a.oid = p.proargtypes[0]
  join pg_catalog.pg_namespace an on an.oid = a.typnamespace
  left join pg_catalog.pg_class c on c.oid = a.typrelid
  where n.nspname = any ($1::text[])
    and (a.oid = 'anyelement'::regtype or c.relkind in ('r', 'p', 'v', 'm', 'f'))
  union all
  -- the function's own value is already of the media type: the cast to the domain leaves it as it is
  select json_build_object(
    'function', json_build_object('schema', m.nspname, 'name', m.typname),
    'target', json_build_object('schema', n.nspname, 'name', p.proname),
    'accepted', m.accepted,
    'produced', m.produced)
  from media_type m
  join pg_catalog.pg_proc p on p.prorettype = m.oid and p.prokind = 'f' and not p.proretset
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = any ($1::text[])
)
select coalesce(json_agg(entry), '[]') from handler
