-- analyze/table_stats.sql
-- Read how large a table is, and what the statistics say is in it.
--
-- lock: ACCESS SHARE on the table, its TOAST table and indexes
-- runs: anywhere
SELECT c.relkind::text AS kind,
    pg_catalog.pg_relation_size(c.oid) AS heap_bytes,
    coalesce(pg_catalog.pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) AS toast_bytes,
    pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead_rows,
    coalesce((
        SELECT o.option_value::int4 FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
        WHERE o.option_name = 'fillfactor'
    ), 100) AS fillfactor
FROM pg_catalog.pg_class c
WHERE c.oid = @oid::oid
