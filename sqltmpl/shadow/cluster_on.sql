-- shadow/cluster_on.sql
-- Mark the index that CLUSTER follows.
--
-- lock: SHARE UPDATE EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} CLUSTER ON {{.Index}}
