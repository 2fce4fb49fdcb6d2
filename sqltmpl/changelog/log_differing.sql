-- changelog/log_differing.sql
-- Log the keys whose rows differ, so that replay resyncs them.
--
-- lock: ACCESS SHARE on both tables, ROW EXCLUSIVE on the log
-- runs: while changes are captured; may run twice
--
-- After revert-swap the parked table holds what applications wrote into columns that the other table computes
-- anew.
INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
SELECT {{range $i, $k := .Keys}}{{if $i}}, {{end}}a.{{$k.Source}}{{end}}
FROM (
    SELECT {{range .Keys}}s.{{.Source}}, {{end}}pg_catalog.hash_record_extended(ROW({{range $i, $v := .SourceHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) AS repave_hash
    FROM {{.SourceRows}} AS s
) AS a
JOIN (
    SELECT {{range .Keys}}t.{{.Shadow}}, {{end}}pg_catalog.hash_record_extended(ROW({{range $i, $v := .ShadowHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) AS repave_hash
    FROM {{.ShadowRows}} AS t
) AS b
    ON {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}b.{{$k.Shadow}} {{$k.ShadowEq}} (a.{{$k.Source}}){{$k.ShadowCast}}{{end}}
WHERE a.repave_hash <> b.repave_hash
