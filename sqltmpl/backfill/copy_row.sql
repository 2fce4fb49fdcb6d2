-- backfill/copy_row.sql
-- Try to copy one row.
--
-- lock: ACCESS SHARE on the source, ROW EXCLUSIVE on the shadow
-- runs: inside a transaction that is rolled back
INSERT INTO {{.Shadow}} ({{.Insert}})
OVERRIDING SYSTEM VALUE
SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}
FROM ONLY {{.Source}} AS s
WHERE s.ctid = @row::text::pg_catalog.tid
