-- member/detach.sql
-- Take a partition out of its table.
--
-- lock: ACCESS EXCLUSIVE on both, and on the default partition
-- runs: inside a transaction
ALTER TABLE {{.Parent}} DETACH PARTITION {{.Partition}}
