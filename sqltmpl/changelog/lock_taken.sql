-- changelog/lock_taken.sql
-- Lock the live rows of the keys to resync, so that their writers wait for this drain. Rows that a writer
-- holds are skipped: waiting for it could deadlock.
-- FOR SHARE blocks updates and deletes, not foreign key checks or other readers.
--
-- lock: ROW SHARE on the live table
-- runs: inside a drain
WITH rows AS (
    SELECT {{range $i, $k := .Keys}}{{if $i}}, {{end}}s.{{$k.Live}} AS {{$k.Log}}{{end}}
    FROM {{.LiveRows}} AS s
    JOIN pg_temp.{{.KeysTable}} AS k
        ON {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} k.{{$k.Log}}{{end}}
    WHERE k.repave_kind = 'K'
    FOR SHARE OF s SKIP LOCKED
)
UPDATE pg_temp.{{.KeysTable}} AS k
SET repave_locked = true
FROM rows AS s
WHERE {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}s.{{$k.Log}} {{$k.LiveEq}} k.{{$k.Log}}{{end}}
