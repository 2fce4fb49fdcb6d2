-- backfill/sort_memory.sql
-- Lower maintenance_work_mem, until the end of the transaction, to what sorts a table's rows fastest: runs that fit into
-- the processor's caches, and few enough of them to be merged in one pass. (Measured: four indexes of 5 million rows took
-- 5.7 s with 16 to 64 MB and 7.2 s with 256 MB; a unique index of text, with a collation, 7.5 s with 16 MB, 9 s with 32 MB, 11 s with 256 MB.)
--
-- lock: ACCESS SHARE on the table
-- runs: in a transaction
SELECT pg_catalog.set_config('maintenance_work_mem', least(
    pg_catalog.pg_size_bytes(pg_catalog.current_setting('maintenance_work_mem')),
    greatest(pg_catalog.pg_relation_size(@table::regclass) / 64, 16777216)) / 1024 || 'kB', true)
