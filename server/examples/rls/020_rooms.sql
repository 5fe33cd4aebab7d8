-- Rooms and who belongs to them.
--
-- Members see each other, so the policy of memberships has to ask memberships: a circle, which PostgreSQL refuses
-- (42P17). A SECURITY DEFINER function breaks it. It stands in a schema that is not exposed, has a search_path of
-- its own, takes nothing and tells about the caller alone, so there is nothing to trick it into.

create schema if not exists chat;
create schema if not exists chat_private;
grant usage on schema chat, chat_private to authenticated;

create table if not exists chat.rooms (
  id uuid primary key default gen_random_uuid(),
  name text not null check (length(btrim(name)) between 1 and 80),
  created_by uuid not null default auth.uid()
);
create index if not exists rooms_created_by on chat.rooms (created_by);

create table if not exists chat.memberships (
  room_id uuid not null references chat.rooms (id) on delete cascade,
  user_id uuid not null,
  is_owner boolean not null default false,
  primary key (room_id, user_id)
);
create index if not exists memberships_by_user on chat.memberships (user_id, room_id);

create or replace function chat_private.rooms_of_caller() returns setof uuid
language sql stable security definer set search_path = ''
as $$
  select room_id from chat.memberships where user_id = (select auth.uid())
$$;

create or replace function chat_private.rooms_owned_by_caller() returns setof uuid
language sql stable security definer set search_path = ''
as $$
  select room_id from chat.memberships where user_id = (select auth.uid()) and is_owner
$$;

-- Whoever makes a room is its first member.
create or replace function chat_private.join_own_room() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into chat.memberships (room_id, user_id, is_owner) values (new.id, new.created_by, true);
  return new;
end
$$;

revoke execute on function
  chat_private.rooms_of_caller(), chat_private.rooms_owned_by_caller(), chat_private.join_own_room()
  from public;
grant execute on function chat_private.rooms_of_caller(), chat_private.rooms_owned_by_caller() to authenticated;

create or replace trigger join_own_room after insert on chat.rooms
  for each row execute function chat_private.join_own_room();

alter table chat.rooms enable row level security;
alter table chat.memberships enable row level security;

revoke all on chat.rooms, chat.memberships from public, anon, authenticated;
grant select, delete on chat.rooms, chat.memberships to authenticated;
grant insert (name), update (name) on chat.rooms to authenticated;
grant insert (room_id, user_id) on chat.memberships to authenticated;

drop policy if exists rooms_of_member on chat.rooms;
create policy rooms_of_member on chat.rooms for select to authenticated
  using (id in (select chat_private.rooms_of_caller()) or created_by = (select auth.uid()));

drop policy if exists rooms_made on chat.rooms;
create policy rooms_made on chat.rooms for insert to authenticated
  with check (created_by = (select auth.uid()));

drop policy if exists rooms_renamed_by_owner on chat.rooms;
create policy rooms_renamed_by_owner on chat.rooms for update to authenticated
  using (id in (select chat_private.rooms_owned_by_caller()))
  with check (id in (select chat_private.rooms_owned_by_caller()));

drop policy if exists rooms_closed_by_owner on chat.rooms;
create policy rooms_closed_by_owner on chat.rooms for delete to authenticated
  using (id in (select chat_private.rooms_owned_by_caller()));

drop policy if exists memberships_of_own_rooms on chat.memberships;
create policy memberships_of_own_rooms on chat.memberships for select to authenticated
  using (room_id in (select chat_private.rooms_of_caller()));

drop policy if exists memberships_given_by_owner on chat.memberships;
create policy memberships_given_by_owner on chat.memberships for insert to authenticated
  with check (room_id in (select chat_private.rooms_owned_by_caller()));

-- Owners send away, everybody may leave, and an owner stays: a room has one.
drop policy if exists memberships_ended on chat.memberships;
create policy memberships_ended on chat.memberships for delete to authenticated
  using (
    not is_owner
    and (user_id = (select auth.uid()) or room_id in (select chat_private.rooms_owned_by_caller()))
  );
