-- What pages counted: whoever is signed in may add rows, and only administrators
-- read them. The key tells a batch that was sent twice.

create table if not exists public.client_metrics (
  page text not null check (length(page) = 32),
  sequence integer not null check (sequence >= 0),
  service text not null,
  class text not null,
  endpoint text not null check (length(endpoint) <= 200),
  began_at timestamptz not null,
  ended_at timestamptz not null,
  calls integer not null,
  succeeded integer not null,
  failures jsonb not null,
  retries integer not null,
  joined jsonb not null,
  cache jsonb not null,
  p50_ms double precision,
  p95_ms double precision,
  p99_ms double precision,
  latency jsonb not null,
  queue jsonb not null,
  primary key (page, sequence, service, class, endpoint)
);
comment on table public.client_metrics is 'Batches of metrics from pages, a row an endpoint.';

alter table public.client_metrics enable row level security;
alter table public.client_metrics force row level security;
revoke all on public.client_metrics from public, anon, authenticated;
grant insert, select on public.client_metrics to authenticated;
grant all on public.client_metrics to service_role;

drop policy if exists client_metrics_added_by_pages on public.client_metrics;
create policy client_metrics_added_by_pages on public.client_metrics
  for insert to authenticated
  with check (true);
comment on policy client_metrics_added_by_pages on public.client_metrics is
  'seawall:allow policy-always-true-write: a batch is a page''s and no user''s, and only administrators read it';

-- app_metadata is an administrator's to write, never the user's own.
drop policy if exists client_metrics_read_by_administrators on public.client_metrics;
create policy client_metrics_read_by_administrators on public.client_metrics
  for select to authenticated
  using ((select auth.jwt()) -> 'app_metadata' ->> 'role' = 'admin');
