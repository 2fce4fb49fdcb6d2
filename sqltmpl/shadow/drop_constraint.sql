-- shadow/drop_constraint.sql
-- Drop a constraint.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} DROP CONSTRAINT {{.Name}}
