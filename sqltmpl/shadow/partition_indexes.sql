-- shadow/partition_indexes.sql
-- The indexes of partitions that belong to one of their partitioned table's, and whether they are defined alike.
--
-- lock: ACCESS SHARE on the table and its partitions
-- runs: anywhere
SELECT i.indrelid AS relation, x.root, i.relname AS name, i.tail = x.tail AS same
FROM (
    SELECT x.indexrelid, c.relname AS root, pg_catalog.substr(pg_catalog.pg_get_indexdef(x.indexrelid),
        pg_catalog.length(pg_catalog.format('CREATE %sINDEX %I ON ONLY %I.%I ',
            CASE WHEN x.indisunique THEN 'UNIQUE ' END, c.relname, n.nspname, t.relname)) + 1) AS tail
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE x.indrelid = @relation::oid AND c.relkind = 'I'
) x
JOIN pg_catalog.pg_inherits h ON h.inhparent = x.indexrelid
JOIN (
    SELECT i.indexrelid, i.indrelid, c.relname, pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid),
        pg_catalog.length(pg_catalog.format('CREATE %sINDEX %I ON %I.%I ',
            CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname, n.nspname, t.relname)) + 1) AS tail
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
) i ON i.indexrelid = h.inhrelid
ORDER BY i.indrelid, i.indexrelid
