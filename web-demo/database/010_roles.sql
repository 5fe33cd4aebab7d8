-- The roles a request can run under, and the one the server logs in as.
--
-- Roles belong to the whole cluster, so several databases may run this file at
-- once: each is created only when missing and never altered afterwards. No
-- password is set here; whoever sets the server up gives authenticator one.

do $$
declare
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      -- noinherit: the login role itself can do nothing; it only becomes another.
      ('authenticator', 'login noinherit')
    ) as role_list (name, attributes)
  loop
    if not exists (select from pg_roles where rolname = wanted.name) then
      begin
        execute format('create role %I %s', wanted.name, wanted.attributes);
      exception
        when duplicate_object or unique_violation then
          null; -- another database's set-up was quicker
      end;
    end if;
  end loop;
end
$$;

do $$
declare
  target text;
begin
  foreach target in array array['anon', 'authenticated', 'service_role']
  loop
    if not pg_has_role('authenticator', target, 'member') then
      begin
        execute format('grant %I to authenticator', target);
      exception
        when duplicate_object or unique_violation then
          null;
      end;
    end if;
  end loop;
end
$$;

revoke create on schema public from public;
grant usage on schema public to anon, authenticated, service_role;
