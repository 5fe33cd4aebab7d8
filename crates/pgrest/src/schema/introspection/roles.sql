-- Settings of the roles that the login role may become, as far as an unprivileged session may set them.
select coalesce(json_agg(json_build_object(
  'role', r.rolname,
  'settings', r.rolconfig
) order by r.rolname), '[]')
from pg_catalog.pg_roles r
where r.rolconfig is not null
  and pg_catalog.pg_has_role(current_user, r.oid, 'member')
