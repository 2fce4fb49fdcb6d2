-- across/snapshot_leaves.sql
-- The tables that held a table's rows in the snapshot, whatever has become of them: its partitions at every depth, or itself if it has none; with how
-- many pages each has now.
--
-- lock: none; the caller has locked the table
-- runs: inside a transaction with the snapshot
WITH RECURSIVE tree AS (
    SELECT @relation::oid AS oid
    UNION ALL
    SELECT h.inhrelid
    FROM tree t
    JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid AND NOT h.inhdetachpending
    JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relispartition
)
SELECT c.oid AS oid, n.nspname AS schema, c.relname AS name,
    coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::bigint AS pages
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.oid IN (SELECT t.oid FROM tree t)
ORDER BY c.oid
