-- Writes that were accepted and are carried out later, each exactly once.
--
-- The row of a job and the effect of the job end in one transaction: it begins with
-- seawall.job_begin and, after the caller's statement, ends with seawall.job_finish.
-- The two run as the login role, outside the caller's role, and are granted to it alone.

create table seawall.jobs (
  id uuid primary key,
  state text not null default 'queued'
    check (state in ('queued', 'running', 'completed', 'dead', 'canceled')),
  priority smallint not null,
  -- What jobs are ordered by: when it came, plus the handicap of its priority.
  place timestamptz not null,
  run_at timestamptz not null default now(),
  attempts smallint not null default 0,
  stalls smallint not null default 0,
  lease uuid,
  lease_until timestamptz,
  worker text,
  -- Who may see it, hashed.
  owner text not null,
  role text not null,
  claims jsonb not null,
  authenticated boolean not null,
  mount text not null,
  method text not null,
  target text not null,
  headers jsonb not null,
  body bytea not null,
  idempotency_key text,
  fingerprint bytea not null,
  request_id text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  status smallint,
  result_code text,
  result_headers jsonb,
  result_body bytea,
  result_omitted boolean not null default false
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

create unique index jobs_idempotency on seawall.jobs (owner, idempotency_key) where idempotency_key is not null;
create index jobs_next on seawall.jobs (place) where state = 'queued';
create index jobs_live on seawall.jobs (state, created_at) where state in ('queued', 'running');
create index jobs_ended on seawall.jobs (finished_at) where state in ('completed', 'dead', 'canceled');

-- Nobody but the owner has a grant; row-level security says it again.
alter table seawall.jobs enable row level security;

-- Holds the job for the rest of the transaction, or refuses. What claims or recovers
-- jobs asks for a stronger lock and skips those that are held.
create function seawall.job_begin(job uuid, held_lease uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform from seawall.jobs
    where id = job and lease = held_lease and state = 'running'
    for key share;
  if not found then
    raise exception 'the job is not this worker''s any more' using errcode = 'SWJ01';
  end if;
end
$$;

create function seawall.job_finish(
  job uuid, held_lease uuid, status integer, headers jsonb, body bytea, omitted boolean
) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  update seawall.jobs set
    state = 'completed', finished_at = now(), lease = null, lease_until = null,
    status = job_finish.status, result_code = null, result_headers = job_finish.headers,
    result_body = job_finish.body, result_omitted = job_finish.omitted
    where id = job and lease = held_lease and state = 'running';
  if not found then
    raise exception 'the job is not this worker''s any more' using errcode = 'SWJ01';
  end if;
end
$$;

revoke all on function seawall.job_begin(uuid, uuid) from public;
revoke all on function seawall.job_finish(uuid, uuid, integer, jsonb, bytea, boolean) from public;

-- Lets the login role of a server end jobs, and nothing else. Called when a server starts.
create function seawall.let_end_jobs(login text) returns void
language plpgsql security invoker set search_path = ''
as $$
begin
  if pg_catalog.has_function_privilege(login, 'seawall.job_begin(uuid, uuid)', 'execute')
    and pg_catalog.has_function_privilege(
      login, 'seawall.job_finish(uuid, uuid, integer, jsonb, bytea, boolean)', 'execute')
    and pg_catalog.has_schema_privilege(login, 'seawall', 'usage')
  then
    return;
  end if;
  execute pg_catalog.format('grant usage on schema seawall to %I', login);
  execute pg_catalog.format('grant execute on function seawall.job_begin(uuid, uuid) to %I', login);
  execute pg_catalog.format(
    'grant execute on function seawall.job_finish(uuid, uuid, integer, jsonb, bytea, boolean) to %I', login);
end
$$;

revoke all on function seawall.let_end_jobs(text) from public;
