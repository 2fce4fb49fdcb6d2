-- catalog/find_relations.sql
-- Find relations by their exact names, whatever schema they are in.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
--
-- Compared as text: a cast to name would silently cut off what is beyond 63 bytes.
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY (@names::text[])
ORDER BY n.nspname, c.relname
