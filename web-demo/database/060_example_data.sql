-- Two people, two rooms, and a few words: both belong to Harbour, only the owner
-- to Lighthouse. Fixed ids, so that running it again changes nothing.

insert into public.profiles (id, display_name) values
  ('11111111-1111-4111-8111-111111111111', 'Owner'),
  ('22222222-2222-4222-8222-222222222222', 'Guest')
on conflict do nothing;

insert into public.rooms (id, name, topic) values
  ('aaaaaaaa-0000-4000-8000-000000000001', 'Harbour', 'Arrivals, berths and weather'),
  ('aaaaaaaa-0000-4000-8000-000000000002', 'Lighthouse', 'The keeper''s own log')
on conflict do nothing;

insert into public.memberships (room_id, user_id) values
  ('aaaaaaaa-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111'),
  ('aaaaaaaa-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222'),
  ('aaaaaaaa-0000-4000-8000-000000000002', '11111111-1111-4111-8111-111111111111')
on conflict do nothing;

-- The oldest of each author is beyond the 24 hours in which it could be deleted.
insert into public.messages (id, room_id, author_id, body, created_at)
select entry.id::uuid, room.id, author.id, entry.body, now() - entry.age::interval
from (values
  ('bbbbbbbb-0000-4000-8000-000000000001', 'Harbour', 'Owner', '30 hours',
   'Gale warning from the west. Gates two and three are closed until the morning tide.'),
  ('bbbbbbbb-0000-4000-8000-000000000002', 'Harbour', 'Guest', '29 hours',
   'Understood, we wait outside the breakwater.'),
  ('bbbbbbbb-0000-4000-8000-000000000003', 'Harbour', 'Owner', '5 hours',
   'Wind is down to four. Gate two is open again, berth seven is yours.'),
  ('bbbbbbbb-0000-4000-8000-000000000004', 'Harbour', 'Guest', '4 hours 20 minutes',
   'Thank you. Moored at seven, lines doubled.'),
  ('bbbbbbbb-0000-4000-8000-000000000005', 'Harbour', 'Guest', '55 minutes',
   'Is there shore power on the north quay?'),
  ('bbbbbbbb-0000-4000-8000-000000000006', 'Lighthouse', 'Owner', '31 hours',
   'Lamp trimmed at dusk. Visibility under a mile.'),
  ('bbbbbbbb-0000-4000-8000-000000000007', 'Lighthouse', 'Owner', '3 hours',
   'Fog signal off at first light, lens cleaned.')
) as entry (id, room, author, age, body)
join public.rooms room on room.name = entry.room
join public.profiles author on author.display_name = entry.author
on conflict do nothing;

-- A server that is already running learns of the tables.
notify pgrst, 'reload schema';
