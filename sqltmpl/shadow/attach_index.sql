-- shadow/attach_index.sql
-- Make the index of a partition part of that of its table; no change if it is.
--
-- lock: ACCESS EXCLUSIVE on both indexes, ACCESS SHARE on their tables
-- runs: inside a transaction
ALTER INDEX {{.Index}} ATTACH PARTITION {{.Partition}}
