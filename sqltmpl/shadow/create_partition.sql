-- shadow/create_partition.sql
-- Create a partition of the shadow.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
CREATE TABLE {{.Table}} PARTITION OF {{.Parent}} {{.Bound}}
{{- if .Options}}
WITH ({{.Options}}){{end}}
{{- if .Tablespace}}
TABLESPACE {{.Tablespace}}{{end}}
