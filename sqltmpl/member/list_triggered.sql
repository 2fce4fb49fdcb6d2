-- member/list_triggered.sql
-- List the tables above others that have one of repave's triggers, whatever they are called by now.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
SELECT DISTINCT c.oid, n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_trigger g
JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace AND s.nspname = @registry
JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE g.tgname = ANY (@names::text[]) AND c.oid <> ALL (@except::oid[])
ORDER BY c.oid
