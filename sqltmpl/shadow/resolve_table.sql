-- shadow/resolve_table.sql
-- Find the table that a name means under the current search_path, if there is one.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: inside setup, with the operator's search_path
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass(@name)
