-- changelog/find_present.sql
-- Find the keys that have a live row.
--
-- lock: ACCESS SHARE on the live table
-- runs: inside a drain
UPDATE pg_temp.{{.KeysTable}} AS k
SET repave_present = true
FROM {{.LiveRows}} AS s
WHERE NOT k.repave_locked
    AND NOT k.repave_present
    AND {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} k.{{$k.Log}}{{end}}
