-- A table with a column of every kind that a filter may name, and values that are hard to quote or to tell apart.

create table if not exists public.shape_items (
  id int primary key,
  uid uuid not null,
  slug text,
  word text,
  grp int,
  big bigint,
  amount numeric,
  ratio double precision,
  single real,
  flag boolean,
  day date,
  at timestamptz,
  padded char(6),
  span interval,
  parent int references public.shape_items (id)
);

truncate public.shape_items;

insert into public.shape_items
select
  n,
  ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
  (array['alpha', 'Alpha', 'a,b', '(paren)', 'say "hi"', 'back\slash', 'naïve', '日本', 'x y', 'null', 'true', '5', '05', ''])[1 + n % 14],
  'word' || (n % 9),
  n % 7,
  9007199254740993 + n % 5,
  (n % 10)::numeric(6, 1),
  (n % 11)::float8 / 4,
  16777216 + n % 3,
  (array[true, false, null])[1 + n % 3],
  date '2026-01-01' + n % 6,
  timestamptz '2026-01-01 00:00:00+00' + make_interval(mins => n % 8),
  (array['a', 'ab', 'abc'])[1 + n % 3],
  (array[interval '1 day', interval '24 hours', interval '2 hours'])[1 + n % 3],
  case when n > 1 then n / 2 end
from generate_series(1, 120) n;

grant select on public.shape_items to anon, authenticated;

create table if not exists public.shape_notes (
  id int generated always as identity primary key,
  label text unique,
  weight numeric check (weight > 0)
);
truncate public.shape_notes;
grant select, insert, delete on public.shape_notes to anon, authenticated;

-- Two thousand rows to be asked for by a list that no URL can hold.
create table if not exists public.shape_many (
  uid uuid primary key,
  position int not null,
  at timestamptz not null,
  label text not null
);
truncate public.shape_many;
insert into public.shape_many
select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, (n * 7919) % 2003,
  timestamptz '2026-01-01' + make_interval(secs => ((n * 104729) % 100003) / 10.0), 'label ' || n
from generate_series(1, 2000) n;
grant select, delete on public.shape_many to anon, authenticated;
