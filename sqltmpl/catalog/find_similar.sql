-- catalog/find_similar.sql
-- Find what somebody may have meant by a name that is nowhere to be found.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE pg_catalog.lower(c.relname) = pg_catalog.lower(@name::text)
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY n.nspname, c.relname
LIMIT 5
