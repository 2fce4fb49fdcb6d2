-- changelog/delete_logged.sql
-- Delete from the shadow every key that is in the log, before its unique indexes are built: what remains is a
-- subset of one consistent state.
--
-- lock: ROW EXCLUSIVE on the standby, ACCESS SHARE on the log
-- runs: inside one REPEATABLE READ transaction, before replay
DELETE FROM {{.Standby}} AS t
USING (SELECT DISTINCT {{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}} FROM {{.Log}} WHERE repave_kind = 'K') AS k
WHERE {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}t.{{$k.Standby}} {{$k.StandbyEq}} (k.{{$k.Log}}){{$k.Cast}}{{end}}
