-- member/list_ancestors.sql
-- List the tables that some tables are partitions or children of, on all levels, the furthest first.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
WITH RECURSIVE up AS (
    SELECT 1 AS level, h.inhparent AS oid FROM pg_catalog.pg_inherits h WHERE h.inhrelid = ANY (@oids::oid[])
    UNION
    SELECT up.level + 1, h.inhparent FROM up JOIN pg_catalog.pg_inherits h ON h.inhrelid = up.oid
)
SELECT c.oid, n.nspname AS schema, c.relname AS name
FROM (SELECT up.oid, max(up.level) AS level FROM up GROUP BY up.oid) a
JOIN pg_catalog.pg_class c ON c.oid = a.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY a.level DESC, c.oid
