-- changelog/delete_orphans.sql
-- After a TRUNCATE that the direct trigger could only log: delete what the live table no longer has.
--
-- lock: ROW EXCLUSIVE on the standby, ACCESS SHARE on the live table
-- runs: under SHARE ROW EXCLUSIVE on the live table
DELETE FROM {{.Standby}} AS t
WHERE NOT EXISTS (
    SELECT FROM {{.LiveRows}} AS s
    WHERE {{range $i, $k := .Keys}}{{if $i}}
        AND {{end}}t.{{$k.Standby}} {{$k.StandbyEq}} (s.{{$k.Live}}){{$k.Cast}}{{end}}
)
