-- member/find_guards.sql
-- Find the checks that a job put on tables so that ATTACH PARTITION need not read them, whatever the tables are called by now.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
SELECT k.conrelid AS oid, n.nspname AS schema, c.relname AS "table", k.conname AS name, k.convalidated AS valid,
    pg_catalog.substr(d.text, pg_catalog.length(@registry::text) + 3) AS def
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_catalog.obj_description(k.oid, 'pg_constraint') AS text) d
WHERE k.conname = ANY (@names::text[]) AND k.contype = 'c' AND pg_catalog.starts_with(d.text, @registry::text || ': ')
ORDER BY k.conrelid, k.conname
