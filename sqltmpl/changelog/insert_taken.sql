-- changelog/insert_taken.sql
-- Second half of resync: insert the keys' rows as the live table has them.
--
-- lock: ACCESS SHARE on the live table, ROW EXCLUSIVE on the standby
-- runs: inside a round
INSERT INTO {{.Standby}} ({{.Insert}}{{range .Kept}}, {{.Standby}}{{end}})
OVERRIDING SYSTEM VALUE
SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}{{range .Kept}},
    CASE WHEN k.repave_kept THEN k.{{.Variable}} ELSE {{.Default}} END{{end}}
FROM {{.LiveRows}} AS s
JOIN pg_temp.{{.KeysTable}} AS k
    ON {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} k.{{$k.Log}}{{end}}
WHERE k.repave_kind = 'K'
