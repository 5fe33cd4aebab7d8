-- Everything that holds or shows rows, outside the system's schemas and outside extensions, with what the
-- requests' roles ($2) may do to it.
select coalesce(jsonb_agg(jsonb_build_object(
  'schema', n.nspname,
  'name', c.relname,
  'kind', case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
    when 'm' then 'materialised view' else 'foreign table' end,
  'owner', pg_catalog.pg_get_userbyid(c.relowner),
  'rls', c.relrowsecurity,
  'forced', c.relforcerowsecurity,
  'invoker', coalesce((select lower(o.option_value) in ('true', 'on', 'yes', '1')
    from pg_catalog.pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker'), false),
  'comment', coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), ''),
  'reads', coalesce((select jsonb_agg(distinct jsonb_build_object('schema', rn.nspname, 'name', rc.relname))
    from pg_catalog.pg_rewrite w
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
      and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> c.oid
    join pg_catalog.pg_class rc on rc.oid = d.refobjid
    join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
    where w.ev_class = c.oid and c.relkind in ('v', 'm') and rn.nspname not in ('pg_catalog', 'information_schema')),
    '[]'),
  'whole', coalesce((select jsonb_agg(jsonb_build_object('role', wanted.role, 'privilege', wanted.privilege))
    from (select role, privilege from unnest($2::text[]) role, unnest(array[
      'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege) wanted
    where pg_catalog.has_table_privilege(wanted.role, c.oid, wanted.privilege)), '[]'),
  'partial', coalesce((select jsonb_agg(jsonb_build_object('role', wanted.role, 'privilege', wanted.privilege))
    from (select role, privilege from unnest($2::text[]) role, unnest(array['SELECT', 'INSERT', 'UPDATE']) privilege)
      wanted
    where not pg_catalog.has_table_privilege(wanted.role, c.oid, wanted.privilege)
      and pg_catalog.has_any_column_privilege(wanted.role, c.oid, wanted.privilege)), '[]'),
  'public', coalesce((select jsonb_agg(a.privilege_type order by a.privilege_type)
    from pg_catalog.aclexplode(c.relacl) a where a.grantee = 0), '[]'),
  'columns', coalesce((select jsonb_agg(jsonb_build_object(
      'name', a.attname,
      'readers', coalesce((select jsonb_agg(role) from unnest($2::text[]) role
        where pg_catalog.has_column_privilege(role, c.oid, a.attnum, 'SELECT')), '[]')
    ) order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]'),
  'sequential_scans', coalesce(s.seq_scan, 0),
  'rows', coalesce(s.n_live_tup, 0)
) order by n.nspname, c.relname), '[]')
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
  and not exists (select from pg_catalog.pg_depend e
    where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
