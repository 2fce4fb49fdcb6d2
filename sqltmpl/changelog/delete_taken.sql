-- changelog/delete_taken.sql
-- First half of resync: delete the keys from the standby.
--
-- lock: ROW EXCLUSIVE on the standby
-- runs: inside a round
DELETE FROM {{.Standby}} AS t
USING pg_temp.{{.KeysTable}} AS k
WHERE k.repave_kind = 'K'
    AND {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}t.{{$k.Standby}} {{$k.StandbyEq}} (k.{{$k.Log}}){{$k.Cast}}{{end}}
