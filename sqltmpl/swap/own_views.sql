-- swap/own_views.sql
-- List the materialized views of a job that are in a schema.
--
-- lock: none
-- runs: anywhere
SELECT c.relname
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND n.nspname = @schema AND pg_catalog.starts_with(c.relname, @prefix)
ORDER BY c.oid DESC
