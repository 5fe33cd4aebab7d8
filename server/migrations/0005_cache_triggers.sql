-- Tells running servers which tables were written to, whoever wrote.
--
-- Statement-level and without transition tables, so that it costs a statement one
-- notification, however many rows it touches; PostgreSQL sends equal ones of a
-- transaction once, when it commits. Transactions that notify commit one after the
-- other, so a table that is written to thousands of times a second by others than
-- the server is better left to its time to live.

create or replace function seawall.tell_written() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  perform pg_notify('seawall_cache', tg_table_schema || '.' || tg_table_name);
  return null;
end
$$;

-- A partition that is written to by its own name fires its own triggers alone, so
-- each partition that there is gets them too; those made later, by calling it again.
create or replace function seawall.watch(target regclass) returns void
language plpgsql
set search_path = pg_catalog
as $$
declare
  part regclass;
begin
  for part in
    select relid from pg_partition_tree(target)
    union
    select target
  loop
    execute format(
      'create or replace trigger seawall_watch after insert or update or delete or truncate on %s '
      'for each statement execute function seawall.tell_written()', part);
  end loop;
end
$$;
comment on function seawall.watch(regclass) is 'Has servers throw away what they keep of the table whenever anybody writes to it';

create or replace function seawall.unwatch(target regclass) returns void
language plpgsql
set search_path = pg_catalog
as $$
declare
  part regclass;
begin
  for part in
    select relid from pg_partition_tree(target)
    union
    select target
  loop
    execute format('drop trigger if exists seawall_watch on %s', part);
  end loop;
end
$$;
comment on function seawall.unwatch(regclass) is 'Ends what seawall.watch began';
