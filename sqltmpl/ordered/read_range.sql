-- ordered/read_range.sql
-- Read which ends a range has.
--
-- lock: ACCESS SHARE on the ranges
-- runs: inside the batch transaction
SELECT lower, upper
FROM {{.Ranges}}
WHERE range_number = @range
