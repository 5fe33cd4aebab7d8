//! The question to the catalogue. It reads `pg_catalog` alone, which every role may.

/// One text of JSON; functions have negative ids, since ids of relations and functions may be the same.
pub(crate) const QUESTION: &str = "
with space as (
  select oid, nspname from pg_catalog.pg_namespace
  where nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_(toast|temp)'
), relation as (
  select c.oid, s.nspname, c.relname, c.reltype from pg_catalog.pg_class c join space s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
), function as (
  select p.oid, s.nspname, p.proname, l.lanname, p.pronargs, p.proargtypes,
    case when l.lanname in ('internal', 'c') then ''
         else coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc, '') end as body
  from pg_catalog.pg_proc p join space s on s.oid = p.pronamespace join pg_catalog.pg_language l on l.oid = p.prolang
), rule as (
  select r.ev_class, r.ev_type, case when d.refclassid = 'pg_catalog.pg_proc'::regclass then - d.refobjid::bigint else d.refobjid::bigint end as used
  from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
  where d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refobjid <> r.ev_class
    and d.refclassid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass)
), policy as (
  select p.polrelid, case when d.refclassid = 'pg_catalog.pg_proc'::regclass then - d.refobjid::bigint else d.refobjid::bigint end as used
  from pg_catalog.pg_depend d join pg_catalog.pg_policy p on p.oid = d.objid
  where d.classid = 'pg_catalog.pg_policy'::regclass and d.refobjid <> p.polrelid
    and d.refclassid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass)
), reads as (
  select ev_class::bigint as source, used from rule where ev_type = '1'
  union select polrelid::bigint, used from policy
  union select inhparent::bigint, inhrelid::bigint from pg_catalog.pg_inherits
  union select r.oid::bigint, - f.oid::bigint from relation r join function f on f.pronargs = 1 and f.proargtypes[0] = r.reltype
  union select a.attrelid::bigint, - t.castfunc::bigint from relation r
    join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_cast t on t.castsource = a.atttypid join function f on f.oid = t.castfunc
  union select - d.objid::bigint, case when d.refclassid = 'pg_catalog.pg_proc'::regclass then - d.refobjid::bigint else d.refobjid::bigint end
    from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass
      and d.refclassid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass)
), writes as (
  select c.confrelid::bigint as source, c.conrelid::bigint as used from pg_catalog.pg_constraint c
    where c.contype = 'f' and (c.confdeltype in ('c', 'n', 'd') or c.confupdtype in ('c', 'n', 'd'))
  union select t.tgrelid::bigint, - t.tgfoid::bigint from pg_catalog.pg_trigger t where not t.tgisinternal
  union select ev_class::bigint, used from rule
  union select inhparent::bigint, inhrelid::bigint from pg_catalog.pg_inherits
), expression as (
  select p.polrelid::bigint as source, pg_catalog.pg_get_expr(p.polqual, p.polrelid) as body from pg_catalog.pg_policy p where p.polqual is not null
  union all select c.oid::bigint, pg_catalog.pg_get_viewdef(c.oid) from pg_catalog.pg_class c join space s on s.oid = c.relnamespace where c.relkind in ('v', 'm')
)
select pg_catalog.json_build_object(
  'database', (select oid::bigint from pg_catalog.pg_database where datname = pg_catalog.current_database()),
  'relations', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(oid::bigint, nspname, relname) order by oid) from relation), '[]'),
  'functions', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(- oid::bigint, nspname, proname, lanname, body) order by oid) from function), '[]'),
  'expressions', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(source, body) order by source, body) from expression), '[]'),
  'reads', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(source, used) order by source, used) from reads), '[]'),
  'writes', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(source, used) order by source, used) from writes), '[]')
)::text";
