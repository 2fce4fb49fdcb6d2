-- shadow/drop_index.sql
-- Drop an index and nothing else.
--
-- lock: ACCESS EXCLUSIVE on the index and its table
-- runs: inside a transaction
DROP INDEX IF EXISTS {{.Index}}
