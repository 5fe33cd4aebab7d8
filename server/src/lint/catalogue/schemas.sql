-- Schemas, and who may make things in them.
select coalesce(jsonb_agg(jsonb_build_object(
  'name', n.nspname,
  'comment', coalesce(pg_catalog.obj_description(n.oid, 'pg_namespace'), ''),
  'creators', coalesce((select jsonb_agg(role) from unnest($2::text[]) role
    where pg_catalog.has_schema_privilege(role, n.oid, 'CREATE')), '[]'),
  'public', exists (select from pg_catalog.aclexplode(n.nspacl) a
    where a.grantee = 0 and a.privilege_type = 'CREATE'),
  'extensions', coalesce((select jsonb_agg(e.extname order by e.extname) from pg_catalog.pg_extension e
    where e.extnamespace = n.oid), '[]')
) order by n.nspname), '[]')
from pg_catalog.pg_namespace n
where n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
