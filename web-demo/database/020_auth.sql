-- Who is asking: the verified claims of the request, as the server sets them
-- for one transaction in request.jwt.claims.
--
-- After a transaction a custom setting is '' and not null, hence nullif: without
-- it the next request on that connection would fail to parse instead of being
-- nobody.

create schema if not exists auth;
grant usage on schema auth to anon, authenticated, service_role;

create or replace function auth.jwt() returns jsonb
language sql stable
as $$
  select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb
$$;
comment on function auth.jwt() is 'All claims of the request; an empty object when there are none.';

create or replace function auth.uid() returns uuid
language sql stable
as $$
  select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid
$$;
comment on function auth.uid() is 'The user who asks (claim sub); null when nobody is signed in.';

create or replace function auth.role() returns text
language sql stable
as $$
  select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role', '')
$$;
comment on function auth.role() is 'The claim role; null when there is none.';

revoke execute on function auth.jwt(), auth.uid(), auth.role() from public;
grant execute on function auth.jwt(), auth.uid(), auth.role() to anon, authenticated, service_role;
