-- shadow/find_table.sql
-- Find the shadow just made, by name.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: inside setup
SELECT c.oid
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = @schema AND c.relname = @name
