-- Tells running servers which rows of a watched table were written, not only that
-- some were: for each column by which rows are looked up, in which of 65,536 buckets
-- the old and the new values fall. The values themselves are not told, since anybody
-- who may connect may listen.
--
-- A report is the table's name; after a line's end the columns that are reported, by
-- their numbers; after another the buckets, each as column.bucket. A name alone means
-- that any row may have been written. Reports are notified when the transaction
-- commits, and stand meanwhile in the setting seawall.written, where the server that
-- carries a write out reads what it wrote, in the same transaction.
--
-- Nothing that goes wrong here fails a write: it becomes a report of the whole table.

-- For tables whose rows are not told apart, and for truncate. What is written to a parent may be written to its
-- partitions and children, whose own triggers then say nothing.
create or replace function seawall.tell_written() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
declare
  report text;
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
    perform pg_notify('seawall_cache', report);
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
    perform pg_notify('seawall_cache', report);
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
      else
        amount := 1001;
      end if;
    end if;
  exception
    when others then
      report := tg_table_schema || '.' || tg_table_name;
      amount := 1001;
  end;
  perform set_config('seawall.written', written || chr(30) || report, true);
  -- A statement that touched no row has nothing to tell to others.
  if amount > 0 then
    perform pg_notify('seawall_cache', report);
  end if;
  return null;
end
$$;

-- The columns whose equality is the equality of their texts, and by which rows are looked up: of the primary key, of
-- other unique keys, of foreign keys; eight at most.
create or replace function seawall.told_columns(target regclass) returns smallint[]
language sql stable
set search_path = pg_catalog
as $$
  with wanted as (
    select attnum, min(case when i.indisprimary then 0 else 1 end) as rank
    from pg_index i, unnest(i.indkey::smallint[]) as attnum
    where i.indrelid = target and i.indisunique and i.indexprs is null
    group by attnum
    union all
    select attnum, 2 from pg_constraint c, unnest(c.conkey) as attnum
    where c.conrelid = target and c.contype = 'f'
  )
  select coalesce(array_agg(attnum order by rank, attnum), '{}')
  from (
    select a.attnum, min(w.rank) as rank
    from wanted w
    join pg_attribute a on a.attrelid = target and a.attnum = w.attnum and not a.attisdropped
    left join pg_collation l on l.oid = a.attcollation
    where a.atttypid in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'uuid'::regtype)
       or (a.atttypid in ('text'::regtype, 'varchar'::regtype) and l.collisdeterministic
           and (select pg_encoding_to_char(encoding) = 'UTF8' from pg_database where datname = current_database()))
    group by a.attnum
    order by 2, 1
    limit 8
  ) chosen
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
  for part in
    select relid from pg_partition_tree(target)
    union
    select target
  loop
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

create or replace function seawall.unwatch_one(target regclass) returns void
language plpgsql
set search_path = pg_catalog
set client_min_messages = warning
as $$
declare
  event text;
begin
  foreach event in array array['', '_insert', '_update', '_delete'] loop
    execute format('drop trigger if exists %I on %s', 'seawall_watch' || event, target);
  end loop;
end
$$;

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
    perform seawall.unwatch_one(part);
  end loop;
end
$$;
comment on function seawall.tell_rows() is 'Tells servers in which buckets the keys of written rows fall';
comment on function seawall.told_columns(regclass) is 'The columns by which seawall.watch tells rows apart';
comment on function seawall.unwatch_one(regclass) is 'Ends what seawall.watch began, of one table and not its partitions';
