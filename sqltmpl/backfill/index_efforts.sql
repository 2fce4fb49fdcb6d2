-- backfill/index_efforts.sql
-- Estimate what each index of a table costs to build, in no particular unit: rows, more of them where they come in
-- another order than the index has (measured: twice the time), and for other methods than btree.
--
-- lock: none
-- runs: anywhere
SELECT c.relname AS name,
    greatest(c.reltuples, 1)
        * (2 - abs(coalesce((
            SELECT s.correlation FROM pg_catalog.pg_stats s
            WHERE (s.schemaname, s.tablename, s.attname, s.inherited) = (n.nspname, t.relname, a.attname, false)), 0)))
        * CASE m.amname WHEN 'btree' THEN 1 WHEN 'brin' THEN 0.5 ELSE 4 END AS effort
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = c.relam
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] AND a.attnum > 0
WHERE i.indrelid = @oid::oid
