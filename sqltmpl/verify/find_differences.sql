-- verify/find_differences.sql
-- Name the keys that differ, in the buckets that do.
--
-- lock: ACCESS SHARE on both tables
-- runs: inside a transaction with the shared snapshot
SELECT coalesce(a.key, b.key) AS key,
    CASE WHEN b.h IS NULL THEN 'missing in the new table' WHEN a.h IS NULL THEN 'only in the new table' ELSE 'differs' END AS problem
FROM (
    SELECT pg_catalog.concat_ws(', ' {{range .Keys}}, ((s.{{.Source}}){{.ShadowCast}})::text{{end}}) AS key, pg_catalog.hash_record_extended(ROW({{range $i, $v := .SourceHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) AS h
    FROM {{.SourceRows}} AS s
    WHERE (pg_catalog.hash_record_extended(ROW({{range $i, $v := .SourceHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) & 255)::int = ANY (@buckets){{if .Pending}}
    AND NOT EXISTS (SELECT FROM {{.Log}} AS l WHERE {{range $i, $k := .Keys}}{{if $i}} AND {{end}}(s.{{$k.Source}}){{$k.ShadowCast}} {{$k.ShadowEq}} (l.{{$k.Log}}){{$k.ShadowCast}}{{end}}){{end}}
) AS a
FULL JOIN (
    SELECT pg_catalog.concat_ws(', ' {{range .Keys}}, t.{{.Shadow}}::text{{end}}) AS key, pg_catalog.hash_record_extended(ROW({{range $i, $v := .ShadowHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) AS h
    FROM {{.ShadowRows}} AS t
    WHERE (pg_catalog.hash_record_extended(ROW({{range $i, $v := .ShadowHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) & 255)::int = ANY (@buckets){{if .Pending}}
    AND NOT EXISTS (SELECT FROM {{.Log}} AS l WHERE {{range $i, $k := .Keys}}{{if $i}} AND {{end}}t.{{$k.Shadow}} {{$k.ShadowEq}} (l.{{$k.Log}}){{$k.ShadowCast}}{{end}}){{end}}
) AS b ON a.key = b.key
WHERE a.h IS DISTINCT FROM b.h
ORDER BY 1
LIMIT @limit
