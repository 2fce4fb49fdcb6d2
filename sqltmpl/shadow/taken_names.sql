-- shadow/taken_names.sql
-- Find which of some names relations or types of a schema have already.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere
SELECT c.relname AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = @schema AND c.relname = ANY (@names::pg_catalog.name[])
    AND c.oid <> ALL (@except::pg_catalog.oid[])
UNION
SELECT t.typname
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname = @schema AND t.typname = ANY (@names::pg_catalog.name[])
    AND t.typrelid <> ALL (@except::pg_catalog.oid[])
