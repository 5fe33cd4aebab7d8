-- Who asks: the verified claims of the request, which the server sets for one transaction.
--
-- After a transaction a custom setting is '' and not null, hence nullif: without it a request without a token
-- would fail instead of being nobody's. All three are stable and take nothing, so that a policy can ask once a
-- statement, (select auth.uid()), and not once a row.

create schema if not exists auth;
grant usage on schema auth to anon, authenticated;

create or replace function auth.jwt() returns jsonb
language sql stable
as $$
  select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb
$$;

create or replace function auth.uid() returns uuid
language sql stable
as $$
  select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid
$$;

-- From app_metadata, which only the auth service writes. What is in user_metadata a user could change.
create or replace function auth.organisation_id() returns uuid
language sql stable
as $$
  select nullif(
    nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata' ->> 'organisation_id', ''
  )::uuid
$$;

revoke execute on function auth.jwt(), auth.uid(), auth.organisation_id() from public;
grant execute on function auth.jwt(), auth.uid(), auth.organisation_id() to anon, authenticated;
