-- swap/table_sizes.sql
-- Sizes of two tables with their indexes and partitions, in bytes.
--
-- lock: ACCESS SHARE on both
-- runs: anywhere
SELECT coalesce(sum(pg_catalog.pg_total_relation_size(r.oid)) FILTER (WHERE r.old), 0)::bigint AS old_bytes,
    coalesce(sum(pg_catalog.pg_total_relation_size(r.oid)) FILTER (WHERE NOT r.old), 0)::bigint AS new_bytes
FROM (
    SELECT c.oid, t.old
    FROM (VALUES (true, pg_catalog.to_regclass(@old)), (false, pg_catalog.to_regclass(@new))) AS t (old, oid)
    JOIN pg_catalog.pg_class c ON c.oid = t.oid OR c.oid IN (
        SELECT p.relid FROM pg_catalog.pg_partition_tree(t.oid) p)
) AS r
