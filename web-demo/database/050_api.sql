-- What the application calls besides the tables: a view and two functions. All
-- run with the rights of whoever asks, so row-level security holds in them too.

create or replace view public.room_summaries
with (security_invoker = true) as
  select
    r.id,
    r.name,
    r.topic,
    count(m.id) as message_count,
    max(m.created_at) as last_message_at
  from public.rooms r
  left join public.messages m on m.room_id = r.id
  group by r.id;
comment on view public.room_summaries is 'Rooms with the number and time of their messages';

revoke all on public.room_summaries from public, anon, authenticated;
grant select on public.room_summaries to authenticated, service_role;

create or replace function public.post_message(room uuid, body text) returns public.messages
language sql volatile security invoker
as $$
  insert into public.messages (room_id, body)
  values (post_message.room, btrim(post_message.body))
  returning *
$$;
comment on function public.post_message(uuid, text) is 'Writes a message as whoever asks';

create or replace function public.room_activity(room uuid)
returns table (author_id uuid, author text, messages bigint, last_message_at timestamptz)
language sql stable security invoker
as $$
  select p.id, p.display_name, count(*), max(m.created_at)
  from public.messages m
  join public.profiles p on p.id = m.author_id
  where m.room_id = room_activity.room
  group by p.id
  order by max(m.created_at) desc, p.id
$$;
comment on function public.room_activity(uuid) is 'Who wrote how much in a room, the latest first';

revoke execute on function public.post_message(uuid, text), public.room_activity(uuid) from public, anon;
grant execute on function public.post_message(uuid, text), public.room_activity(uuid)
  to authenticated, service_role;
