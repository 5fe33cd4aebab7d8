-- Tells running servers to reload their schema cache when the schema changes.
--
-- Event triggers need a superuser (or, from PostgreSQL 18 on some platforms, a
-- privileged role); without one the server is told by NOTIFY pgrst or a signal.

create or replace function seawall.schema_changed() returns event_trigger
language plpgsql
as $$
begin
  -- Temporary tables are nobody's interface, and some applications make many.
  if tg_event = 'ddl_command_end' and not exists (
    select from pg_event_trigger_ddl_commands() where schema_name is distinct from 'pg_temp'
  ) then
    return;
  end if;
  notify pgrst, 'reload schema';
end
$$;

do $$
begin
  create event trigger seawall_schema_changed on ddl_command_end
    execute function seawall.schema_changed();
  create event trigger seawall_schema_dropped on sql_drop
    execute function seawall.schema_changed();
exception
  when insufficient_privilege then
    raise notice 'no event triggers without a superuser: reload the schema cache with NOTIFY pgrst';
  when duplicate_object then
    null;
end
$$;
