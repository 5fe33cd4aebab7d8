-- Receipts: who has read which message.
--
-- The policies lean on those of messages: whoever cannot see a message sees no receipt of it and can leave none.
-- The primary key begins with the message, so asking for one is a look into an index.

create table if not exists chat.receipts (
  message_id uuid not null references chat.messages (id) on delete cascade,
  user_id uuid not null default auth.uid(),
  read_at timestamptz not null default now(),
  primary key (message_id, user_id)
);
create index if not exists receipts_by_user on chat.receipts (user_id);

alter table chat.receipts enable row level security;

revoke all on chat.receipts from public, anon, authenticated;
grant select on chat.receipts to authenticated;
grant insert (message_id) on chat.receipts to authenticated;

drop policy if exists receipts_of_visible_messages on chat.receipts;
create policy receipts_of_visible_messages on chat.receipts for select to authenticated
  using (exists (select from chat.messages m where m.id = receipts.message_id));

drop policy if exists receipts_of_oneself on chat.receipts;
create policy receipts_of_oneself on chat.receipts for insert to authenticated
  with check (
    user_id = (select auth.uid())
    and exists (select from chat.messages m where m.id = receipts.message_id)
  );
