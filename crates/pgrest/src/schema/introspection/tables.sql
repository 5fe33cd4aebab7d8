-- Every table, view, materialised view, foreign and partitioned table of the exposed schemas, with its columns.
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
  select step.oid, t.oid as base, t.typnamespace as base_schema
  from domain_step step
  join pg_catalog.pg_type t on t.oid = step.base
  where t.typtype <> 'd'
),
relation as (
  select c.oid, c.relname, c.relkind, n.nspname,
    case
      when c.relkind in ('r', 'p') then 28
      when c.relkind in ('v', 'f') then pg_catalog.pg_relation_is_updatable(c.oid, true)
      else 0
    end as commands
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
    and not c.relispartition
    and n.nspname = any ($1::text[])
),
attribute as (
  select a.attrelid, json_agg(json_build_object(
    'name', a.attname,
    'description', pg_catalog.col_description(a.attrelid, a.attnum),
    'nullable', not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)),
    'type', case
      when coalesce(d.base_schema, t.typnamespace) = 'pg_catalog'::regnamespace
        then pg_catalog.format_type(coalesce(d.base, a.atttypid), null)
      else pg_catalog.format_type(a.atttypid, a.atttypmod)
    end,
    'nominal_type', pg_catalog.format_type(a.atttypid, a.atttypmod),
    'max_length', information_schema._pg_char_max_length(
      information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)),
    'identity', a.attidentity <> '',
    'generated', a.attgenerated <> '',
    'default', case
      when a.attgenerated <> '' then null
      when a.attidentity = 'd' then (
        select pg_catalog.format('nextval(%L)', s.objid::regclass)
        from pg_catalog.pg_depend s
        where s.refclassid = 'pg_class'::regclass and s.refobjid = a.attrelid
          and s.refobjsubid = a.attnum and s.deptype = 'i'
        limit 1)
      when def.adbin is null and t.typbasetype <> 0 then pg_catalog.pg_get_expr(t.typdefaultbin, 0)
      else pg_catalog.pg_get_expr(def.adbin, def.adrelid)
    end,
    'enum', coalesce((
      select json_agg(e.enumlabel order by e.enumsortorder)
      from pg_catalog.pg_enum e
      where e.enumtypid = coalesce(d.base, a.atttypid)), '[]')
  ) order by a.attnum) as columns
  from pg_catalog.pg_attribute a
  join relation r on r.oid = a.attrelid
  join pg_catalog.pg_type t on t.oid = a.atttypid
  left join domain_base d on d.oid = a.atttypid
  left join pg_catalog.pg_attrdef def on def.adrelid = a.attrelid and def.adnum = a.attnum
  where a.attnum > 0 and not a.attisdropped
  group by a.attrelid
)
select coalesce(json_agg(json_build_object(
  'schema', r.nspname,
  'name', r.relname,
  'description', pg_catalog.obj_description(r.oid, 'pg_class'),
  'is_view', r.relkind in ('v', 'm'),
  'insertable', r.commands & 8 = 8,
  'updatable', r.commands & 4 = 4,
  'deletable', r.commands & 16 = 16,
  'columns', coalesce(a.columns, '[]')
) order by r.nspname, r.relname), '[]')
from relation r
left join attribute a on a.attrelid = r.oid
