-- across/list_source_of.sql
-- List some keys of the source, those that have a row, with the hash of what it should be, in the order of their bytes.
--
-- lock: ACCESS SHARE on the source
-- runs: anywhere
SELECT pg_catalog.convert_to(pg_catalog.concat_ws(', ' {{range .Keys}}, ((s.{{.Source}}){{.ShadowCast}})::text{{end}}), 'UTF8') AS key,
    pg_catalog.hash_record_extended(ROW({{range $i, $v := .SourceHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) AS h
FROM {{.Source}} AS s
WHERE EXISTS (
    SELECT
    FROM ROWS FROM ({{range $i, $k := .Of}}{{if $i}}, {{end}}pg_catalog.unnest(@k{{inc $i}}::text[]){{end}}) AS k ({{range $i, $k := .Of}}{{if $i}}, {{end}}c{{inc $i}}{{end}})
    WHERE {{range $i, $k := .Of}}{{if $i}} AND {{end}}s.{{$k.Source}} {{$k.SourceEq}} k.c{{inc $i}}::{{$k.SourceType}}{{end}}
)
ORDER BY key, h
