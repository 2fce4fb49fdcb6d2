-- swap/leaf_identities.sql
-- List the partitions of a table that have another replica identity than it has, with their partitions of the index that is its identity.
--
-- lock: none
-- runs: inside the swap
SELECT n.nspname AS schema, l.relname AS name, p.relreplident = 'f' AS full, coalesce(i.name, '') AS index
FROM pg_catalog.pg_class p
JOIN pg_catalog.pg_inherits h ON h.inhparent = p.oid
JOIN pg_catalog.pg_class l ON l.oid = h.inhrelid
JOIN pg_catalog.pg_namespace n ON n.oid = l.relnamespace
LEFT JOIN LATERAL (
    SELECT c.relname AS name
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_inherits b ON b.inhparent = x.indexrelid
    JOIN pg_catalog.pg_index y ON y.indexrelid = b.inhrelid AND y.indrelid = l.oid
    JOIN pg_catalog.pg_class c ON c.oid = y.indexrelid
    WHERE x.indrelid = p.oid AND x.indisreplident AND p.relreplident = 'i'
) i ON true
WHERE p.oid = @relation::pg_catalog.oid AND p.relreplident <> 'd' AND l.relreplident <> p.relreplident
