-- define/create_partition.sql
-- Create a partition by its bound as the server deparsed it.
--
-- lock: ACCESS EXCLUSIVE on the partitioned table
-- runs: inside a transaction
CREATE TABLE {{.Table}} PARTITION OF {{.Parent}} {{.Bound}}
{{- if .Options}}
WITH ({{.Options}}){{end}}
{{- if .Tablespace}}
TABLESPACE {{.Tablespace}}{{end}}
