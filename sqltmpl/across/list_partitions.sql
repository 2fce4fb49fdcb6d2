-- across/list_partitions.sql
-- List the partitions of a table, at every depth, as the snapshot shows them, each after those that it is below, with the transaction
-- that made it one. What is below a partition that was attached again, or has another name, is told apart from what was there before.
--
-- lock: none
-- runs: anywhere
WITH RECURSIVE tree AS (
    SELECT h.inhrelid AS oid, h.inhparent AS parent, h.xmin::text::int8 AS attached, '' COLLATE pg_catalog."C" AS above, 1 AS level
    FROM pg_catalog.pg_inherits h
    WHERE h.inhparent = @relation::oid AND NOT h.inhdetachpending
    UNION ALL
    SELECT h.inhrelid, h.inhparent, h.xmin::text::int8,
        pg_catalog.format('%s%s %s %I.%I, ', t.above, t.oid, t.attached, n.nspname, c.relname) COLLATE pg_catalog."C", t.level + 1
    FROM tree t
    JOIN pg_catalog.pg_class c ON c.oid = t.oid AND c.relispartition AND c.relkind = 'p'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid AND NOT h.inhdetachpending
)
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
    t.attached, t.above, p.nspname AS parent_schema, parent.relname AS parent_name,
    ARRAY(
        SELECT o FROM pg_catalog.unnest(c.reloptions) AS o
        UNION ALL
        SELECT 'toast.' || o FROM pg_catalog.pg_class x, pg_catalog.unnest(x.reloptions) AS o
        WHERE x.oid = c.reltoastrelid
    ) AS options,
    coalesce((SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace), '') AS tablespace
FROM tree t
JOIN pg_catalog.pg_class c ON c.oid = t.oid AND c.relispartition
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class parent ON parent.oid = t.parent
JOIN pg_catalog.pg_namespace p ON p.oid = parent.relnamespace
ORDER BY t.level, c.relname, c.oid
