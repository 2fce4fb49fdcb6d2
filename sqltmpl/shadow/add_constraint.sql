-- shadow/add_constraint.sql
-- Add a constraint by its definition as the server deparsed it.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{if .Only}}ONLY {{end}}{{.Table}} ADD CONSTRAINT {{.Name}} {{.Def}}
