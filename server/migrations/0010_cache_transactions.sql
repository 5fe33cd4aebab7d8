-- Tells running servers not only what was written but by which transaction: after a third
-- line's end its number and when the database was started. A server that carried the
-- transaction out, or has heard of it by another way, knows it again and ends nothing twice.
-- The process need not be told: PostgreSQL itself says who notified.
--
-- Tables that are watched already need not be watched anew.

-- What the triggers do is done in the name of whoever writes, who may use nothing of this schema.
create or replace function seawall.tell_written() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
declare
  report text;
  teller text := txid_current_if_assigned() || '@' || date_part('epoch', pg_postmaster_start_time());
  written text := coalesce(current_setting('seawall.written', true), '');
begin
  for report in
    with recursive heir as (
      select tg_relid as relation
      union
      select i.inhrelid from heir h join pg_inherits i on i.inhparent = h.relation
    )
    select n.nspname || '.' || c.relname
    from heir h join pg_class c on c.oid = h.relation join pg_namespace n on n.oid = c.relnamespace
  loop
    perform pg_notify('seawall_cache', coalesce(report || repeat(chr(10), 3) || teller, report));
    -- '*' means that there was more than is told here.
    written := case when length(written) > 10000 or written = '*' then '*' else written || chr(30) || report end;
  end loop;
  perform set_config('seawall.written', written, true);
  return null;
end
$$;

-- The arguments are the numbers of the columns.
create or replace function seawall.tell_rows() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
declare
  report text := tg_table_schema || '.' || tg_table_name;
  teller text := txid_current_if_assigned() || '@' || date_part('epoch', pg_postmaster_start_time());
  lines integer := 3;
  written text := coalesce(current_setting('seawall.written', true), '');
  sides text[] := case tg_op when 'INSERT' then '{seawall_new}' when 'DELETE' then '{seawall_old}'
                  else '{seawall_old,seawall_new}' end;
  amount integer := 0;
  few integer;
  side text;
  question text;
  columns text;
  buckets text[];
begin
  -- Of many statements in a transaction the table's name is told, which is sent once.
  if length(written) > 10000 or written = '*' then
    perform set_config('seawall.written', '*', true);
    perform pg_notify('seawall_cache', coalesce(report || repeat(chr(10), lines) || teller, report));
    return null;
  end if;
  begin
    -- Of many rows it is not worth the time to find out which they are.
    foreach side in array sides loop
      execute format('select count(*) from (select from %I limit 1001) few', side) into few;
      amount := amount + few;
    end loop;
    if amount <= 1000 then
      select string_agg(
               format('select %L || substr(encode(sha256(convert_to(%I::text, ''UTF8'')), ''hex''), 1, 4) as bucket from %I where %2$I is not null',
                      attnum || '.', attname, transition), ' union '),
             string_agg(distinct attnum::text, ',')
        into question, columns
        from pg_attribute, unnest(sides) as transition
        where attrelid = tg_relid and attnum = any (tg_argv::text[]::smallint[]) and not attisdropped;
      execute 'select coalesce(array_agg(bucket), ''{}'') from (' || question || ') told' into buckets;
      if cardinality(buckets) <= 500 then
        report := report || chr(10) || columns || chr(10) || array_to_string(buckets, ' ');
        lines := 1;
      else
        amount := 1001;
      end if;
    end if;
  exception
    when others then
      report := tg_table_schema || '.' || tg_table_name;
      lines := 3;
      amount := 1001;
  end;
  perform set_config('seawall.written', written || chr(30) || report, true);
  -- A statement that touched no row has nothing to tell to others.
  if amount > 0 then
    perform pg_notify('seawall_cache', coalesce(report || repeat(chr(10), lines) || teller, report));
  end if;
  return null;
end
$$;

create or replace function seawall.with_partitions(target regclass) returns setof regclass
language sql stable
set search_path = pg_catalog
as $$
  select relid from pg_partition_tree(target)
  union
  select target
$$;

-- Rows are told of plain tables only. Rows of a partitioned table, of a partition, of a parent or child in an
-- inheritance may be written under another table's name, and foreign tables have no transition tables.
create or replace function seawall.watch(target regclass) returns void
language plpgsql
set search_path = pg_catalog
as $$
declare
  part regclass;
  told smallint[];
  arguments text;
  event text;
begin
  for part in select seawall.with_partitions(target) loop
    perform seawall.unwatch_one(part);
    select case
        when c.relkind = 'r' and not c.relispartition and n.nspname || c.relname !~ '[[:cntrl:]]'
          and not exists (select from pg_inherits i where i.inhparent = part or i.inhrelid = part)
        then seawall.told_columns(part) else '{}' end
      into told
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = part;
    if cardinality(told) = 0 then
      execute format('create trigger seawall_watch after insert or update or delete or truncate on %s '
        'for each statement execute function seawall.tell_written()', part);
      continue;
    end if;
    select string_agg(quote_literal(place), ', ') into arguments from unnest(told) as place;
    execute format('create trigger seawall_watch after truncate on %s '
      'for each statement execute function seawall.tell_written()', part);
    execute format('create trigger seawall_watch_insert after insert on %s referencing new table as seawall_new '
      'for each statement execute function seawall.tell_rows(%s)', part, arguments);
    execute format('create trigger seawall_watch_update after update on %s referencing old table as seawall_old '
      'new table as seawall_new for each statement execute function seawall.tell_rows(%s)', part, arguments);
    execute format('create trigger seawall_watch_delete after delete on %s referencing old table as seawall_old '
      'for each statement execute function seawall.tell_rows(%s)', part, arguments);
    -- Also in a session that calls itself a replica.
    foreach event in array array['', '_insert', '_update', '_delete'] loop
      execute format('alter table %s enable always trigger %I', part, 'seawall_watch' || event);
    end loop;
  end loop;
end
$$;

create or replace function seawall.unwatch(target regclass) returns void
language plpgsql
set search_path = pg_catalog
as $$
begin
  perform seawall.unwatch_one(part) from seawall.with_partitions(target) as part;
end
$$;

comment on function seawall.with_partitions(regclass) is 'A table, and its partitions if it has any';
