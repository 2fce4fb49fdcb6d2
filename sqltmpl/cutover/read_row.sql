-- cutover/read_row.sql
-- A row as it is now, each value as text.
--
-- lock: ACCESS SHARE on the table
-- runs: anywhere
SELECT ARRAY[{{range $i, $c := .Columns}}{{if $i}}, {{end}}s.{{$c}}::text{{end}}]::text[]
FROM {{.Table}} AS s
WHERE {{range $i, $k := .Key}}{{if $i}} AND {{end}}s.{{$k.Name}} = (@key::text[])[{{inc $i}}]::{{$k.Type}}{{end}}
