-- shadow/add_constraint.sql
-- Add a constraint by its definition as the server deparsed it.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} ADD CONSTRAINT {{.Name}} {{.Def}}
