-- changelog/list_misfits.sql
-- Name the logged keys whose rows the standby can't hold.
--
-- lock: ROW EXCLUSIVE on the standby
-- runs: in a transaction of its own
SELECT key, problem
FROM (
    SELECT pg_catalog.concat_ws(', '{{range .Keys}}, {{.Log}}::text{{end}}) AS key,
        {{.Fits}}({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}}) AS problem
    FROM (SELECT DISTINCT {{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}} FROM {{.Log}} WHERE repave_kind = 'K') AS logged
    OFFSET 0
) AS tried
WHERE problem IS NOT NULL
LIMIT @limit
