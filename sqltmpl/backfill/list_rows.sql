-- backfill/list_rows.sql
-- List the rows of a range of pages, to find the one that can't be converted.
--
-- lock: ACCESS SHARE on the source
-- runs: outside a transaction
SELECT s.ctid::text AS ctid, pg_catalog.concat_ws(', ' {{range .Keys}}, s.{{.Live}}::text{{end}}) AS key
FROM ONLY {{.Source}} AS s
WHERE s.ctid >= pg_catalog.format('(%s,0)', @first::bigint)::pg_catalog.tid
    AND s.ctid < pg_catalog.format('(%s,0)', @next::bigint)::pg_catalog.tid
