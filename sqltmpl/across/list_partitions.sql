-- across/list_partitions.sql
-- List the partitions of a table as the snapshot shows them, each with the transaction that made it one.
--
-- lock: none
-- runs: anywhere
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
    h.xmin::text::int8 AS attached,
    ARRAY(
        SELECT o FROM pg_catalog.unnest(c.reloptions) AS o
        UNION ALL
        SELECT 'toast.' || o FROM pg_catalog.pg_class x, pg_catalog.unnest(x.reloptions) AS o
        WHERE x.oid = c.reltoastrelid
    ) AS options,
    coalesce((SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace), '') AS tablespace
FROM pg_catalog.pg_inherits h
JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relispartition
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE h.inhparent = @relation::oid AND NOT h.inhdetachpending
ORDER BY c.relname, c.oid
