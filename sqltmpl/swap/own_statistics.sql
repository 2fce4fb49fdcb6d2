-- swap/own_statistics.sql
-- List the statistics objects of a table that are in a schema.
--
-- lock: none
-- runs: anywhere
SELECT s.stxname AS name, pg_catalog.pg_get_statisticsobjdef(s.oid) AS def
FROM pg_catalog.pg_statistic_ext s
JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
WHERE s.stxrelid = @relation::oid AND n.nspname = @schema
