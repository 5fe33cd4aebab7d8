-- PostgreSQL's own functions that are volatile whatever they are called with; uses of them are recorded nowhere.
select coalesce(jsonb_agg(proname order by proname), '[]') from (
  select proname from pg_catalog.pg_proc
  where pronamespace = 'pg_catalog'::regnamespace
  group by proname having bool_and(provolatile = 'v')
) builtin
