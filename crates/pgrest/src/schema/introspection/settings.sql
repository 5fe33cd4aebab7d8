-- Names of the settings that any session may set: others of a role are left alone.
select coalesce(json_agg(name order by name), '[]')
from pg_catalog.pg_settings
where context = 'user'
