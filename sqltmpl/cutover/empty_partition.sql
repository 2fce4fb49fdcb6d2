-- cutover/empty_partition.sql
-- Empty a partition that is filled anew; TRUNCATE is refused where foreign keys refer to its table.
--
-- lock: ROW EXCLUSIVE on the partition
-- runs: inside a transaction
DELETE FROM {{.Table}}
