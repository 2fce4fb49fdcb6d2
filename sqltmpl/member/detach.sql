-- member/detach.sql
-- Take a partition out of its table.
--
-- lock: ACCESS EXCLUSIVE on both, and on the default partition
-- runs: inside a transaction that is rolled back, or on a table to try things on
ALTER TABLE {{.Parent}} DETACH PARTITION {{.Partition}}
