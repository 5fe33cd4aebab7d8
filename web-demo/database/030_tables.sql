-- Rooms, who belongs to them, and what was said.

create table if not exists public.profiles (
  id uuid primary key,
  display_name text not null check (length(btrim(display_name)) between 1 and 80)
);

create table if not exists public.rooms (
  id uuid primary key default gen_random_uuid(),
  name text not null unique check (length(btrim(name)) between 1 and 80),
  topic text not null default '' check (length(topic) <= 200)
);

-- The key begins with the room, the index with the user: each policy below
-- asks by the user, each embed by the room.
create table if not exists public.memberships (
  room_id uuid not null references public.rooms (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  joined_at timestamptz not null default now(),
  primary key (room_id, user_id)
);
create index if not exists memberships_user_id_room_id_idx on public.memberships (user_id, room_id);

-- The author defaults to whoever asks, so a client need not (and, by the policy
-- in the next file, cannot) name another.
create table if not exists public.messages (
  id uuid primary key default gen_random_uuid(),
  room_id uuid not null references public.rooms (id) on delete cascade,
  author_id uuid not null default auth.uid() references public.profiles (id) on delete cascade,
  body text not null check (length(btrim(body)) between 1 and 2000),
  created_at timestamptz not null default now()
);
create index if not exists messages_room_id_created_at_idx on public.messages (room_id, created_at desc);
create index if not exists messages_author_id_idx on public.messages (author_id);

comment on table public.profiles is 'The people who write';
comment on table public.rooms is 'Places to talk; seen by their members only';
comment on table public.memberships is 'Who belongs to which room';
comment on table public.messages is 'What was said; authors may delete within 24 hours';
