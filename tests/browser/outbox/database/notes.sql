-- Notes, and a log of what really happened to them: a repetition without an effect leaves no line.

create table if not exists public.notes (
  id uuid primary key default gen_random_uuid(),
  owner uuid not null default auth.uid(),
  body text not null check (length(body) between 1 and 1000000),
  version integer not null default 0
);

create table if not exists public.marks (
  id bigint generated always as identity primary key,
  note uuid not null references public.notes (id),
  word text not null unique check (length(word) > 2)
);

create table if not exists public.note_log (
  place bigint generated always as identity primary key,
  act text not null,
  id uuid not null,
  owner uuid,
  body text,
  version integer
);

create or replace function public.log_note() returns trigger
language plpgsql
as $$
begin
  if tg_op = 'UPDATE' and old is not distinct from new then
    return new;
  end if;
  insert into public.note_log (act, id, owner, body, version)
  values (lower(tg_op), new.id, new.owner, left(new.body, 100), new.version);
  return new;
end
$$;

create or replace trigger notes_logged
  after insert or update on public.notes
  for each row execute function public.log_note();

alter table public.notes enable row level security;
alter table public.marks enable row level security;
alter table public.note_log enable row level security;

grant select, insert, update, delete on public.notes, public.marks to authenticated;
grant select, insert on public.note_log to authenticated;

drop policy if exists notes_own on public.notes;
create policy notes_own on public.notes to authenticated
  using (owner = (select auth.uid())) with check (owner = (select auth.uid()));

drop policy if exists marks_of_all on public.marks;
create policy marks_of_all on public.marks to authenticated using (true) with check (true);

drop policy if exists note_log_of_all on public.note_log;
create policy note_log_of_all on public.note_log to authenticated using (true) with check (true);
