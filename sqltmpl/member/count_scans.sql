-- member/count_scans.sql
-- Count how often this transaction has read some tables from end to end.
--
-- lock: none
-- runs: inside the transaction
SELECT coalesce(pg_catalog.sum(pg_catalog.pg_stat_get_xact_numscans(pg_catalog.to_regclass(name))), 0)::int8
FROM pg_catalog.unnest(@names::text[]) AS name
