-- cutover/fenced_tables.sql
-- The tables that have a fence's trigger, partitions after what they are partitions of, as readers lock them.
--
-- lock: none
-- runs: anywhere
SELECT n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgfoid = pg_catalog.to_regprocedure(@function)
ORDER BY (SELECT count(*) FROM pg_catalog.pg_partition_ancestors(c.oid)), c.oid
