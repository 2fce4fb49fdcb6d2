-- across/list_shadow_of.sql
-- List some keys of the shadow, those that have a row, with its hash, in the order of their bytes.
--
-- lock: ACCESS SHARE on the shadow
-- runs: anywhere
SELECT pg_catalog.convert_to(pg_catalog.concat_ws(', ' {{range .Keys}}, t.{{.Shadow}}::text{{end}}), 'UTF8') AS key,
    pg_catalog.hash_record_extended(ROW({{range $i, $v := .ShadowHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) AS h
FROM {{.Shadow}} AS t
WHERE EXISTS (
    SELECT
    FROM ROWS FROM ({{range $i, $k := .Of}}{{if $i}}, {{end}}pg_catalog.unnest(@k{{inc $i}}::text[]){{end}}) AS k ({{range $i, $k := .Of}}{{if $i}}, {{end}}c{{inc $i}}{{end}})
    WHERE {{range $i, $k := .Of}}{{if $i}} AND {{end}}t.{{$k.Shadow}} {{$k.ShadowEq}} k.c{{inc $i}}::{{$k.ShadowType}}{{end}}
)
ORDER BY key, h
