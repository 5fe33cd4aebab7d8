-- What new objects are granted by default; an empty schema is all of them.
select coalesce(jsonb_agg(jsonb_build_object(
  'owner', pg_catalog.pg_get_userbyid(d.defaclrole),
  'schema', coalesce(n.nspname, ''),
  'kind', case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
    when 'T' then 'types' else 'schemas' end,
  'grantee', case when a.grantee = 0 then 'public' else pg_catalog.pg_get_userbyid(a.grantee) end,
  'privilege', a.privilege_type
) order by n.nspname, a.grantee, a.privilege_type), '[]')
from pg_catalog.pg_default_acl d
left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
cross join lateral pg_catalog.aclexplode(d.defaclacl) a
where a.grantee <> d.defaclrole
