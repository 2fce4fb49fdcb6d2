-- changelog/drain_insert.sql
-- Insert the locked keys' rows into the standby; only those, as nobody can delete them meanwhile.
-- DO NOTHING: a stale row may still hold a unique value; the key goes back to the log.
--
-- lock: ACCESS SHARE on the live table, ROW EXCLUSIVE on the standby
-- runs: inside a drain
INSERT INTO {{.Standby}} ({{.Insert}}{{range .Kept}}, {{.Standby}}{{end}})
OVERRIDING SYSTEM VALUE
SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}{{range .Kept}},
    CASE WHEN k.repave_kept THEN k.{{.Variable}} ELSE {{.Default}} END{{end}}
FROM {{.LiveRows}} AS s
JOIN pg_temp.{{.KeysTable}} AS k
    ON {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} k.{{$k.Log}}{{end}}
WHERE k.repave_kind = 'K'
    AND k.repave_locked
ON CONFLICT DO NOTHING
