-- analyze/column_stats.sql
-- Read what ANALYZE found in the columns of a table, or in the expressions of an index, by attnum.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
SELECT a.attnum AS number, s.null_frac::float8 AS null_fraction, s.avg_width AS width, s.n_distinct::float8 AS distinct_values
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
WHERE c.oid = @oid::oid
