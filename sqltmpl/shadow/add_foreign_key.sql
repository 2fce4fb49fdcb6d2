-- shadow/add_foreign_key.sql
-- Add a foreign key without looking at the rows.
--
-- lock: SHARE ROW EXCLUSIVE on both tables
-- runs: inside a transaction
--
-- NOT VALID: the scan would happen under the lock; VALIDATE comes after it. A partitioned table can't have it so before
-- PostgreSQL 18: its partitions have it first, and the server takes theirs in, without a scan if they are valid.
ALTER TABLE {{.Table}} ADD CONSTRAINT {{.Name}}
    FOREIGN KEY ({{.From}}) REFERENCES {{.To}} ({{.ToColumns}})
    MATCH {{.Match}}
    ON UPDATE {{.OnUpdate}}
    ON DELETE {{.OnDelete}}{{if .SetColumns}} ({{.SetColumns}}){{end}}
{{- if .Deferrable}}
    DEFERRABLE INITIALLY {{if .Deferred}}DEFERRED{{else}}IMMEDIATE{{end}}{{end}}
    {{if .NotEnforced}}NOT ENFORCED{{else if not .Valid}}NOT VALID{{end}}
