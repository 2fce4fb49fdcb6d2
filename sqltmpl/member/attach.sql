-- member/attach.sql
-- Make a table a partition.
--
-- lock: SHARE UPDATE EXCLUSIVE on the partitioned table, ACCESS EXCLUSIVE on the other and on the default partition
-- runs: on a table to try things on
ALTER TABLE {{.Parent}} ATTACH PARTITION {{.Partition}} {{.Bound}}
