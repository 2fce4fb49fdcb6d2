-- catalog/list_tables.sql
-- The tables of some schemas, or of all but the server's own: plain and partitioned ones, without partitions, which
-- go with their table, and without those that belong to an extension.
--
-- lock: none
-- runs: anywhere
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
    AND c.relpersistence <> 't'
    AND NOT c.relispartition
    AND n.nspname <> 'information_schema'
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> @registry
    AND (@all::boolean OR n.nspname = ANY (@schemas::text[]))
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
