-- shadow/add_foreign_key.sql
-- Add a foreign key without looking at the rows.
--
-- lock: SHARE ROW EXCLUSIVE on both tables
-- runs: inside a transaction
--
-- NOT VALID: the scan would happen under the lock; VALIDATE comes after it. A partitioned table can't have it so before
-- PostgreSQL 18: its partitions have it first, and the server takes theirs in, without a scan if they are valid.
-- No list of columns means the primary key; with one the server takes any unique index on them, and that one could not
-- be dropped any more.
ALTER TABLE {{.Table}} ADD CONSTRAINT {{.Name}}
    FOREIGN KEY ({{.From}}) REFERENCES {{.To}}{{if not .ToPrimary}} ({{.ToColumns}}){{end}}
    MATCH {{.Match}}
    ON UPDATE {{.OnUpdate}}
    ON DELETE {{.OnDelete}}{{if .SetColumns}} ({{.SetColumns}}){{end}}
{{- if .Deferrable}}
    DEFERRABLE INITIALLY {{if .Deferred}}DEFERRED{{else}}IMMEDIATE{{end}}{{end}}
    {{if .NotEnforced}}NOT ENFORCED{{else if not .Valid}}NOT VALID{{end}}
