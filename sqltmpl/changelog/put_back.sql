-- changelog/put_back.sql
-- Put the keys back into the log that this drain could not resync: a writer holds the row, the row appeared
-- only now, or the standby does not show it as it should (locked but absent, or absent but still there).
--
-- lock: ROW EXCLUSIVE on the log
-- runs: inside a drain, last
INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
SELECT {{range $i, $k := .Keys}}{{if $i}}, {{end}}k.{{$k.Log}}{{end}}
FROM pg_temp.{{.KeysTable}} AS k
LEFT JOIN {{.Standby}} AS t
    ON {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}t.{{$k.Standby}} {{$k.StandbyEq}} (k.{{$k.Log}}){{$k.Cast}}{{end}}
WHERE k.repave_kind = 'K'
    AND ((NOT k.repave_locked AND k.repave_present) OR k.repave_locked <> (t.ctid IS NOT NULL))
