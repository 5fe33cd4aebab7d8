-- Functions of the exposed schemas that a request can name: every argument named, or one unnamed argument of a
-- type that a body can be.
-- $1: exposed schemas
with recursive domain_step(oid, base) as (
  select oid, typbasetype from pg_catalog.pg_type where typtype = 'd'
  union all
  select step.oid, t.typbasetype
  from domain_step step
  join pg_catalog.pg_type t on t.oid = step.base
  where t.typtype = 'd'
),
domain_base as (
  select step.oid, t.oid as base
  from domain_step step
  join pg_catalog.pg_type t on t.oid = step.base
  where t.typtype <> 'd'
),
parameter as (
  select p.oid,
    json_agg(json_build_object(
      'name', coalesce(arg.name, ''),
      'type', pg_catalog.format_type(arg.type, null),
      -- a length-limited type without its length would mean length one
      'cast_type', case arg.type
        when 'bit'::regtype then 'bit varying'
        when 'bit[]'::regtype then 'bit varying[]'
        when 'character'::regtype then 'character varying'
        when 'character[]'::regtype then 'character varying[]'
        else pg_catalog.format_type(arg.type, null)
      end,
      'required', arg.idx <= p.pronargs - p.pronargdefaults,
      'variadic', coalesce(arg.mode = 'v', false),
      'scalar', kind.typtype in ('b', 'e', 'r', 'm') and kind.typelem = 0
    ) order by arg.idx) as params,
    count(*) filter (where coalesce(arg.name, '') = '') as unnamed,
    count(*) as total,
    min(pg_catalog.format_type(arg.type, null)) as any_type
  from pg_catalog.pg_proc p
  cross join lateral (
    select a.name, a.type, a.mode, row_number() over (order by a.pos) as idx
    from unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
      with ordinality as a(name, type, mode, pos)
    where a.type is not null and coalesce(a.mode, 'i') in ('i', 'b', 'v')
  ) as arg
  join pg_catalog.pg_type kind on kind.oid = arg.type
  group by p.oid
)
select coalesce(json_agg(json_build_object(
  'oid', p.oid::bigint,
  'schema', n.nspname,
  'name', p.proname,
  'description', pg_catalog.obj_description(p.oid, 'pg_proc'),
  'params', coalesce(arg.params, '[]'),
  'return_type', json_build_object('schema', tn.nspname, 'name', coalesce(row_class.relname, t.typname)),
  'returns_set', p.proretset,
  'returns_composite', t.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false),
  'volatility', p.provolatile,
  'variadic', p.provariadic > 0,
  'settings', coalesce(p.proconfig, '{}')
) order by n.nspname, p.proname, p.oid), '[]')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
left join parameter arg on arg.oid = p.oid
left join domain_base d on d.oid = p.prorettype
join pg_catalog.pg_type t on t.oid = coalesce(d.base, p.prorettype)
join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
left join pg_catalog.pg_class row_class on row_class.oid = t.typrelid
where p.prokind = 'f'
  and n.nspname = any ($1::text[])
  and t.oid <> 'trigger'::regtype
  and case coalesce(arg.unnamed, 0)
    when 0 then true
    when 1 then arg.total = 1 and arg.any_type in ('bytea', 'json', 'jsonb', 'text', 'xml')
    else false
  end
