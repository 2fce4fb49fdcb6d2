-- across/snapshot_leaves.sql
-- The tables that held a table's rows in the snapshot, whatever has become of them: its partitions, or itself if it has none; with how
-- many pages each has now.
--
-- lock: none; the caller has locked the table
-- runs: inside a transaction with the snapshot
SELECT c.oid AS oid, n.nspname AS schema, c.relname AS name,
    coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::bigint AS pages
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r'
    AND (c.oid = @relation::oid
        OR c.oid IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = @relation::oid AND c.relispartition AND NOT h.inhdetachpending))
ORDER BY c.oid
