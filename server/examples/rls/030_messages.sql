-- Messages of rooms.
--
-- Author and time are not the client's to choose: with created_at it could keep a message deletable for ever. The
-- grants name the columns it may write, the defaults fill the others, and the policy holds the author fast.

create table if not exists chat.messages (
  id uuid primary key default gen_random_uuid(),
  room_id uuid not null references chat.rooms (id) on delete cascade,
  author_id uuid not null default auth.uid(),
  body text not null check (length(btrim(body)) between 1 and 2000),
  created_at timestamptz not null default now()
);
create index if not exists messages_by_room on chat.messages (room_id, created_at desc);
create index if not exists messages_by_author on chat.messages (author_id);

alter table chat.messages enable row level security;

revoke all on chat.messages from public, anon, authenticated;
grant select, delete on chat.messages to authenticated;
grant insert (id, room_id, body) on chat.messages to authenticated;

drop policy if exists messages_of_own_rooms on chat.messages;
create policy messages_of_own_rooms on chat.messages for select to authenticated
  using (room_id in (select chat_private.rooms_of_caller()));

drop policy if exists messages_written_as_oneself on chat.messages;
create policy messages_written_as_oneself on chat.messages for insert to authenticated
  with check (
    author_id = (select auth.uid())
    and room_id in (select chat_private.rooms_of_caller())
  );

-- now() is the time of the transaction: one request sees one time.
drop policy if exists messages_deleted_within_a_day on chat.messages;
create policy messages_deleted_within_a_day on chat.messages for delete to authenticated
  using (author_id = (select auth.uid()) and created_at > now() - interval '24 hours');
