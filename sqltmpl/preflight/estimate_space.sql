-- preflight/estimate_space.sql
-- Estimate how big a table with its partitions and its indexes are.
--
-- lock: ACCESS SHARE on the table
-- runs: anywhere
--
-- The row count scales the last ANALYZE's by the pages there are now; -1 is unknown.
SELECT coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0)::int8 AS table_bytes,
    coalesce(sum(pg_catalog.pg_indexes_size(c.oid)), 0)::int8 AS index_bytes,
    coalesce(max((
        SELECT pg_catalog.max(pg_catalog.pg_relation_size(i.indexrelid))
        FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
    )), 0)::int8 AS largest_index_bytes,
    (CASE
        WHEN pg_catalog.bool_or(c.reltuples < 0) THEN -1
        ELSE coalesce(sum(CASE
            WHEN c.relpages = 0 THEN c.reltuples
            ELSE c.reltuples / c.relpages * (
                pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8)
        END), 0)
    END)::int8 AS rows
FROM pg_catalog.pg_class c
WHERE c.relkind <> 'p'
    AND (c.oid = @oid::oid OR c.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(@oid::oid) p))
