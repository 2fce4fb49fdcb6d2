-- backfill/list_leaves.sql
-- The tables that hold a table's rows, with how many pages each has: its partitions at whatever depth, or itself if it has none;
-- and whichever else of a list are still there.
--
-- lock: ACCESS SHARE on them for a moment
-- runs: anywhere
SELECT c.oid AS oid, n.nspname AS schema, c.relname AS name,
    pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint AS pages
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY (@more::oid[])
    OR c.relkind <> 'p'
    AND (c.oid = @relation::oid OR c.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(@relation::oid) p))
ORDER BY c.oid
