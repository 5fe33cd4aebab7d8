-- Functions and procedures outside the system's schemas and outside extensions.
select coalesce(jsonb_agg(jsonb_build_object(
  'schema', n.nspname,
  'name', p.proname,
  'arguments', pg_catalog.pg_get_function_identity_arguments(p.oid),
  'procedure', p.prokind = 'p',
  'trigger', p.prorettype in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype),
  'owner', pg_catalog.pg_get_userbyid(p.proowner),
  'definer', p.prosecdef,
  'search_path', (select substr(setting, 13) from unnest(p.proconfig) setting where setting like 'search\_path=%'),
  'volatile', p.provolatile = 'v',
  'public', p.proacl is null or exists (select from pg_catalog.aclexplode(p.proacl) a where a.grantee = 0),
  'callers', coalesce((select jsonb_agg(role) from unnest($2::text[]) role
    where pg_catalog.has_function_privilege(role, p.oid, 'EXECUTE')), '[]'),
  'comment', coalesce(pg_catalog.obj_description(p.oid, 'pg_proc'), ''),
  'source', coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc, '')
) order by n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), '[]')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prokind in ('f', 'p', 'w')
  and n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
  and not exists (select from pg_catalog.pg_depend e
    where e.classid = 'pg_catalog.pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
