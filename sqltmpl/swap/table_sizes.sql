-- swap/table_sizes.sql
-- Sizes of two tables with their indexes, in bytes.
--
-- lock: ACCESS SHARE on both
-- runs: anywhere
SELECT coalesce(pg_catalog.pg_total_relation_size(pg_catalog.to_regclass(@old)), 0) AS old_bytes,
    coalesce(pg_catalog.pg_total_relation_size(pg_catalog.to_regclass(@new)), 0) AS new_bytes
