-- across/partition_columns.sql
-- The columns that a table is partitioned by. Of an expression there is none: no unique index could do without it.
--
-- lock: none
-- runs: anywhere
SELECT a.attname
FROM pg_catalog.pg_partitioned_table p
JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs::int2[])
WHERE p.partrelid = @relation::oid
ORDER BY a.attnum
