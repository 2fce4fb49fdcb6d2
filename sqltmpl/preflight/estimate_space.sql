-- preflight/estimate_space.sql
-- Estimate how big a table and its indexes are.
--
-- lock: ACCESS SHARE on the table
-- runs: anywhere
--
-- The row count scales the last ANALYZE's by the pages there are now; -1 is unknown.
SELECT pg_catalog.pg_table_size(c.oid) AS table_bytes,
    pg_catalog.pg_indexes_size(c.oid) AS index_bytes,
    coalesce((
        SELECT pg_catalog.max(pg_catalog.pg_relation_size(i.indexrelid))
        FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
    ), 0) AS largest_index_bytes,
    (CASE
        WHEN c.reltuples < 0 THEN -1
        WHEN c.relpages = 0 THEN c.reltuples
        ELSE c.reltuples / c.relpages * (
            pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8)
    END)::int8 AS rows
FROM pg_catalog.pg_class c
WHERE c.oid = @oid::oid
