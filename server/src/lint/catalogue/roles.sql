-- The login role, and every role that requests may take under it. A superuser is a member of everything, so
-- memberships are followed by hand.
with recursive me as (
  select r.* from pg_catalog.pg_roles r where r.rolname = current_user
), member as (
  select m.roleid from pg_catalog.pg_auth_members m join me on m.member = me.oid
  union
  select m.roleid from pg_catalog.pg_auth_members m join member on m.member = member.roleid
)
select jsonb_build_object(
  'login', (select jsonb_build_object(
    'name', me.rolname,
    'superuser', me.rolsuper,
    'bypasses', me.rolbypassrls,
    'inherits', me.rolinherit and exists (select from pg_catalog.pg_auth_members m where m.member = me.oid),
    'creates', me.rolcreaterole or me.rolcreatedb or me.rolreplication
  ) from me),
  'roles', coalesce((select jsonb_agg(jsonb_build_object(
    'name', r.rolname,
    'superuser', r.rolsuper,
    'bypasses', r.rolbypassrls,
    'inherits', false,
    'creates', r.rolcreaterole or r.rolcreatedb or r.rolreplication
  ) order by r.rolname)
  from pg_catalog.pg_roles r
  where r.rolname <> current_user
    and (r.oid in (select roleid from member) or r.rolname = $2::text or r.rolname = any ($1::text[]))
    and (cardinality($1::text[]) = 0 or r.rolname = any ($1::text[]) or r.rolname = $2::text)
  ), '[]')
)::text
