-- ordered/count_ranges.sql
-- Count the ranges.
--
-- lock: ACCESS SHARE on the ranges
-- runs: inside the transaction that plans the batches
SELECT count(*)
FROM {{.Ranges}}
