-- shadow/rename_table.sql
-- Rename a table.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} RENAME TO {{.To}}
