-- ordered/copy_rows.sql
-- Try to copy some rows of a step.
--
-- lock: ACCESS SHARE on the source, ROW EXCLUSIVE on the shadow
-- runs: inside a transaction that is rolled back
INSERT INTO {{.Shadow}} ({{.Insert}})
OVERRIDING SYSTEM VALUE
SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}
FROM {{.Source}} AS s
WHERE s.ctid = ANY (@rows::text[]::pg_catalog.tid[])
