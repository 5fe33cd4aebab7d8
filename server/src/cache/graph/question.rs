//! The question to the catalogue. It reads `pg_catalog` alone, which every role may.
//!
//! What it says of access (owners, grants, memberships, where row-level security is on and for whom policies are) is in
//! no graph. It is asked for the catalogue's fingerprint: an answer that was given under other rights is not found any more.

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
), teller as (
  select p.oid, p.proname from pg_catalog.pg_proc p
  where p.pronamespace = pg_catalog.to_regnamespace('seawall') and p.proname in ('tell_written', 'tell_rows')
), told as (
  select t.tgrelid, pg_catalog.encode(t.tgargs, 'escape') as columns
  from pg_catalog.pg_trigger t
  join teller on teller.oid = t.tgfoid and teller.proname = 'tell_rows'
  join pg_catalog.pg_class c on c.oid = t.tgrelid and c.relkind = 'r' and not c.relispartition
  where t.tgenabled in ('O', 'A') and (t.tgtype & 1) = 0 and (t.tgtype & 2) = 0
    and not exists (select from pg_catalog.pg_inherits i where t.tgrelid in (i.inhrelid, i.inhparent))
    and exists (select from pg_catalog.pg_trigger e join teller on teller.oid = e.tgfoid and teller.proname = 'tell_written'
      where e.tgrelid = t.tgrelid and e.tgenabled in ('O', 'A') and (e.tgtype & 32) <> 0)
  group by t.tgrelid, pg_catalog.encode(t.tgargs, 'escape')
  having pg_catalog.bit_or(t.tgtype & 28) = 28
), key as (
  select told.tgrelid::bigint as relation, word.place, a.attnum, a.attname,
    case when a.atttypid = 'pg_catalog.uuid'::pg_catalog.regtype then 'uuid'
         when a.attcollation <> 0 then 'text' else 'integer' end as kind
  from told
  cross join lateral pg_catalog.unnest(pg_catalog.string_to_array(told.columns, '\\000')) with ordinality as word (attnum, place)
  join pg_catalog.pg_attribute a on a.attrelid = told.tgrelid and a.attnum::text = word.attnum and not a.attisdropped
  left join pg_catalog.pg_collation l on l.oid = a.attcollation
  where a.atttypid in ('pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype,
      'pg_catalog.int8'::pg_catalog.regtype, 'pg_catalog.uuid'::pg_catalog.regtype)
    or (a.atttypid in ('pg_catalog.text'::pg_catalog.regtype, 'pg_catalog.varchar'::pg_catalog.regtype)
      and l.collisdeterministic and pg_catalog.getdatabaseencoding() = 'UTF8')
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
  union select t.tgrelid::bigint, - t.tgfoid::bigint from pg_catalog.pg_trigger t
    where not t.tgisinternal and t.tgfoid not in (select oid from teller)
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
  'keys', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(relation,
      pg_catalog.json_build_object('number', attnum, 'name', attname, 'kind', kind)) order by relation, place) from key), '[]'),
  'watched', coalesce((select pg_catalog.json_agg(distinct t.tgrelid::bigint) from pg_catalog.pg_trigger t
      join teller on teller.oid = t.tgfoid where t.tgenabled in ('O', 'A')), '[]'),
  'reads', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(source, used) order by source, used) from reads), '[]'),
  'writes', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(source, used) order by source, used) from writes), '[]'),
  'access', pg_catalog.json_build_array(
    (select pg_catalog.json_agg(pg_catalog.json_build_array(c.oid, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.reloptions))
      from pg_catalog.pg_class c join relation r on r.oid = c.oid),
    (select pg_catalog.json_agg(pg_catalog.json_build_array(a.attrelid, a.attnum, a.attacl))
      from pg_catalog.pg_attribute a join relation r on r.oid = a.attrelid where a.attacl is not null),
    (select pg_catalog.json_agg(pg_catalog.json_build_array(p.polrelid, p.polname, p.polcmd, p.polpermissive, p.polroles))
      from pg_catalog.pg_policy p),
    (select pg_catalog.json_agg(pg_catalog.json_build_array(p.oid, p.proowner, p.prosecdef, p.proacl, p.proconfig))
      from pg_catalog.pg_proc p join space s on s.oid = p.pronamespace),
    (select pg_catalog.json_agg(pg_catalog.json_build_array(n.oid, n.nspacl))
      from pg_catalog.pg_namespace n join space s on s.oid = n.oid),
    (select pg_catalog.json_agg(pg_catalog.to_json(m)) from pg_catalog.pg_auth_members m))
)::text";
