-- Row-level security: who may see and do what.
--
-- Forced, so that the owner of the tables is bound as well. auth.uid() stands in
-- a sub-select so that it is computed once a statement and not once a row. No
-- policy needs a SECURITY DEFINER function: each leans on the policies of the
-- tables it reads.

alter table public.profiles enable row level security;
alter table public.profiles force row level security;
alter table public.rooms enable row level security;
alter table public.rooms force row level security;
alter table public.memberships enable row level security;
alter table public.memberships force row level security;
alter table public.messages enable row level security;
alter table public.messages force row level security;

-- Nothing for anon. Column lists where a value is not the client's to choose:
-- with created_at it could keep a message deletable for ever.
revoke all on public.profiles, public.rooms, public.memberships, public.messages
  from public, anon, authenticated;
grant select on public.profiles, public.rooms, public.memberships, public.messages to authenticated;
grant insert (id, room_id, author_id, body) on public.messages to authenticated;
grant delete on public.messages to authenticated;
grant all on public.profiles, public.rooms, public.memberships, public.messages to service_role;

drop policy if exists memberships_own on public.memberships;
create policy memberships_own on public.memberships
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists rooms_of_member on public.rooms;
create policy rooms_of_member on public.rooms
  for select to authenticated
  using (id in (select m.room_id from public.memberships m where m.user_id = (select auth.uid())));

drop policy if exists messages_read_by_members on public.messages;
create policy messages_read_by_members on public.messages
  for select to authenticated
  using (room_id in (select m.room_id from public.memberships m where m.user_id = (select auth.uid())));

drop policy if exists messages_written_by_members on public.messages;
create policy messages_written_by_members on public.messages
  for insert to authenticated
  with check (
    author_id = (select auth.uid())
    and room_id in (select m.room_id from public.memberships m where m.user_id = (select auth.uid()))
  );

drop policy if exists messages_deleted_by_author on public.messages;
create policy messages_deleted_by_author on public.messages
  for delete to authenticated
  using (author_id = (select auth.uid()) and created_at > now() - interval '24 hours');

-- A profile shows to its owner and to whoever can read something it wrote.
drop policy if exists profiles_of_readable_authors on public.profiles;
create policy profiles_of_readable_authors on public.profiles
  for select to authenticated
  using (
    id = (select auth.uid())
    or exists (select from public.messages m where m.author_id = profiles.id)
  );
