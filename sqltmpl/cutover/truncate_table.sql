-- cutover/truncate_table.sql
-- Empty a table that is being filled.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction that holds the pass
TRUNCATE {{.Table}}
