-- changelog/keep_columns.sql
-- Remember what only the standby knows of the rows about to be replaced; not of a row that was deleted, whose key
-- another row may have taken.
--
-- lock: ACCESS SHARE on the standby
-- runs: inside a round or drain
UPDATE pg_temp.{{.KeysTable}} AS k
SET repave_kept = true{{range $i, $c := .Kept}},
    {{$c.Variable}} = t.{{$c.Standby}}{{end}}
FROM {{.Standby}} AS t
WHERE {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}t.{{$k.Standby}} {{$k.StandbyEq}} (k.{{$k.Log}}){{$k.Cast}}{{end}}
    AND k.repave_kind = 'K'
    AND NOT EXISTS (
        SELECT FROM pg_temp.{{.KeysTable}} AS d
        WHERE d.repave_kind = 'D'{{range .Keys}}
            AND d.{{.Log}} {{.LiveEq}} k.{{.Log}}{{end}}
    )
