-- member/create_partition.sql
-- Create a partition of a table to try things on.
--
-- lock: ACCESS EXCLUSIVE on that table
-- runs: inside a transaction that is rolled back, or that drops it
CREATE TABLE {{.Table}} PARTITION OF {{.Parent}} {{.Bound}}
