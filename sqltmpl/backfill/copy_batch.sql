-- backfill/copy_batch.sql
-- Copy a range of pages. A row version that moved here since the plan, or away from here, is in the log by key.
-- The range is read as one TID range scan, which PostgreSQL has since version 14.
--
-- lock: ACCESS SHARE on the source, ROW EXCLUSIVE on the shadow
-- runs: inside the batch transaction
INSERT INTO {{.Shadow}} ({{.Insert}})
OVERRIDING SYSTEM VALUE
SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}
FROM ONLY {{.Source}} AS s
WHERE s.ctid >= pg_catalog.format('(%s,0)', @first::bigint)::pg_catalog.tid
    AND s.ctid < pg_catalog.format('(%s,0)', @next::bigint)::pg_catalog.tid
