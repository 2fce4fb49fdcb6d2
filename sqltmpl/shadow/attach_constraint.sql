-- shadow/attach_constraint.sql
-- Make a unique index the index of a primary key or unique constraint.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} ADD CONSTRAINT {{.Name}}
    {{if .Primary}}PRIMARY KEY{{else}}UNIQUE{{end}} USING INDEX {{.Index}}
{{- if .Deferrable}}
    DEFERRABLE INITIALLY {{if .Deferred}}DEFERRED{{else}}IMMEDIATE{{end}}{{end}}
