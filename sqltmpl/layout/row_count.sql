-- layout/row_count.sql
-- Read how many pages a table has now, and about how many rows; -1 rows is unknown.
--
-- lock: ACCESS SHARE on the table
-- runs: anywhere
SELECT pages,
    (CASE
        WHEN c.reltuples < 0 THEN -1
        WHEN c.relpages = 0 THEN c.reltuples
        ELSE c.reltuples / c.relpages * pages
    END)::int8 AS rows
FROM pg_catalog.pg_class c
CROSS JOIN LATERAL (
    SELECT pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8 AS pages
) p
WHERE c.oid = @oid::oid
