-- Who asked for what, when, from where, and how it went: one row a request.
--
-- Partitioned by month, so that what is old enough is dropped and not deleted. A record
-- is known by its instant and its id, so that it may be sent twice and be there once.

create table seawall.audit (
  at timestamptz not null,
  id uuid not null,
  instance text not null,
  request_id text,
  method text not null,
  route text not null,
  target text,
  query text,
  status smallint not null,
  code text,
  outcome text not null,
  subject text,
  role text,
  organisation text,
  tier text,
  address text,
  duration_us integer not null,
  body jsonb,
  primary key (at, id)
) partition by range (at);

create table seawall.audit_default partition of seawall.audit default;

do $$
declare
  month date := date_trunc('month', now());
begin
  execute format(
    'create table if not exists seawall.%I partition of seawall.audit for values from (%L) to (%L)',
    'audit_' || to_char(month, 'YYYY_MM'), month::timestamptz, (month + interval '1 month')::timestamptz);
end
$$;

create index audit_subject on seawall.audit (subject, at desc) where subject is not null;
create index audit_request on seawall.audit (request_id) where request_id is not null;
create index audit_refused on seawall.audit (status, at desc) where status >= 400;

-- Nobody but the owner has a grant; row-level security says it again.
alter table seawall.audit enable row level security;
alter table seawall.audit_default enable row level security;

-- What is written stays as it is, for the owner too; retention drops whole partitions.
create function seawall.audit_stays() returns trigger
language plpgsql set search_path = ''
as $$
begin
  -- What came before its month had a part is moved there.
  if tg_op = 'DELETE' and tg_table_name = 'audit_default' then
    return old;
  end if;
  raise exception 'the audit is only ever added to' using errcode = '42501';
end
$$;

revoke all on function seawall.audit_stays() from public;

create trigger audit_stays before update or delete on seawall.audit
  for each row execute function seawall.audit_stays();

-- Where the partitions' own migration ran before this one.
do $$
begin
  if to_regclass('seawall.partitioned') is not null then
    execute $sql$
      insert into seawall.partitioned (parent, months_ahead, retention_months)
      values ('seawall.audit', 3, 12) on conflict (parent) do nothing
    $sql$;
  end if;
end
$$;
