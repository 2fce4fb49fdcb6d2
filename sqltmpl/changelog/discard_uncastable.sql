-- changelog/discard_uncastable.sql
-- Forget logged keys that the standby can't have and the live table has no more: there is nothing to resync.
--
-- lock: ROW EXCLUSIVE on the log, ACCESS SHARE on the live table
-- runs: in a transaction of its own
--
-- A row that is inserted again meanwhile logs its key again.
DELETE FROM {{.Log}} AS l
WHERE l.repave_kind IN ('K', 'D')
    AND NOT {{.Castable}}({{range $i, $k := .Keys}}{{if $i}}, {{end}}l.{{$k.Log}}{{end}})
    AND NOT EXISTS (
        SELECT FROM {{.LiveRows}} AS s
        WHERE {{range $i, $k := .Keys}}{{if $i}}
            AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} l.{{$k.Log}}{{end}}
    )
