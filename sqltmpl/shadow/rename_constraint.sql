-- shadow/rename_constraint.sql
-- Rename a constraint, and the index that belongs to it.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} RENAME CONSTRAINT {{.Name}} TO {{.To}}
