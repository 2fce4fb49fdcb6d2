-- swap/lacks_tree_statistics.sql
-- Whether a table with children lacks the statistics of all their rows, which the parked one has.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = @live::oid)
    AND pg_catalog.count(*) FILTER (WHERE c.oid = @parked::oid) > 0
    AND pg_catalog.count(*) FILTER (WHERE c.oid = @live::oid) = 0
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.inherited
WHERE c.oid IN (@live::oid, @parked::oid)
