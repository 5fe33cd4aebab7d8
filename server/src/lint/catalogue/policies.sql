-- Policies, with the columns and functions their conditions use, as PostgreSQL itself recorded them.
select coalesce(jsonb_agg(jsonb_build_object(
  'schema', n.nspname,
  'table', c.relname,
  'name', p.polname,
  'permissive', p.polpermissive,
  'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
    when 'd' then 'delete' else 'all' end,
  'roles', (select jsonb_agg(case when role.oid = 0 then 'public' else pg_catalog.pg_get_userbyid(role.oid) end)
    from unnest(p.polroles) role (oid)),
  'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
  'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
  'comment', coalesce(pg_catalog.obj_description(p.oid, 'pg_policy'), ''),
  'columns', coalesce((select jsonb_agg(distinct jsonb_build_object(
      'schema', rn.nspname, 'table', rc.relname, 'name', a.attname))
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class rc on rc.oid = d.refobjid
    join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = rc.oid and a.attnum = d.refobjsubid
    where d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid and d.refobjsubid > 0
      and d.refclassid = 'pg_catalog.pg_class'::regclass and rc.relkind in ('r', 'p')), '[]'),
  'functions', coalesce((select jsonb_agg(distinct jsonb_build_object('schema', fn.nspname, 'name', f.proname))
    from pg_catalog.pg_depend d
    join pg_catalog.pg_proc f on f.oid = d.refobjid
    join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
    where d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
      and d.refclassid = 'pg_catalog.pg_proc'::regclass), '[]')
) order by n.nspname, c.relname, p.polname), '[]')
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
