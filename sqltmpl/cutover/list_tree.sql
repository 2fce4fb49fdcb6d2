-- cutover/list_tree.sql
-- A table and, if it is partitioned, all its partitions of every level, the table itself first.
--
-- lock: none
-- runs: anywhere
SELECT n.nspname AS schema, c.relname AS name
FROM (
    SELECT relid, level FROM pg_catalog.pg_partition_tree(@relation::oid::pg_catalog.regclass)
    UNION ALL
    SELECT @relation::oid::pg_catalog.regclass, 0
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(@relation::oid::pg_catalog.regclass))
) AS tree
JOIN pg_catalog.pg_class c ON c.oid = tree.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY tree.level, c.oid
