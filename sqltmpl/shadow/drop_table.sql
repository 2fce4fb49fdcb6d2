-- shadow/drop_table.sql
-- Drop a table and nothing else.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
DROP TABLE IF EXISTS {{.Table}}
