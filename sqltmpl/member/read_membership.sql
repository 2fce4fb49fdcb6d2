-- member/read_membership.sql
-- Read what a table is a partition of, and that in turn, nearest first; with the partition constraint of the whole.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere with an empty search_path
WITH RECURSIVE up AS (
    SELECT 1 AS level, h.inhrelid AS child, h.inhparent AS parent
    FROM pg_catalog.pg_inherits h
    JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid
    WHERE h.inhrelid = @oid::oid AND c.relispartition
    UNION ALL
    SELECT up.level + 1, h.inhrelid, h.inhparent
    FROM up
    JOIN pg_catalog.pg_inherits h ON h.inhrelid = up.parent
    JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid
    WHERE c.relispartition
)
SELECT up.parent AS parent_oid, n.nspname AS parent_schema, p.relname AS parent_name,
    t.partstrat = 'h' AS hash, pg_catalog.pg_get_partkeydef(p.oid) AS key,
    pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound, t.partdefid = c.oid AS is_default,
    coalesce((
        SELECT pg_catalog.pg_get_expr(s.relpartbound, s.oid)
        FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class s ON s.oid = h.inhrelid
        WHERE h.inhparent = p.oid AND s.oid <> t.partdefid AND s.relpartbound IS NOT NULL ORDER BY s.oid LIMIT 1
    ), '') AS sibling,
    coalesce(d.oid, 0)::oid AS default_oid, coalesce(m.nspname, '') AS default_schema, coalesce(d.relname, '') AS default_name,
    coalesce(pg_catalog.pg_get_partition_constraintdef(@oid::oid), '') AS constraint
FROM up
JOIN pg_catalog.pg_class c ON c.oid = up.child
JOIN pg_catalog.pg_class p ON p.oid = up.parent
JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
JOIN pg_catalog.pg_partitioned_table t ON t.partrelid = p.oid
LEFT JOIN pg_catalog.pg_class d ON d.oid = t.partdefid AND d.oid <> c.oid
LEFT JOIN pg_catalog.pg_namespace m ON m.oid = d.relnamespace
ORDER BY up.level
