-- ordered/list_step.sql
-- List the rows of a step, to find the one that can't be converted.
--
-- lock: ACCESS SHARE on the source
-- runs: inside a transaction that is rolled back
SELECT s.ctid::text AS ctid, pg_catalog.concat_ws(', '{{range .Keys}}, s.{{.Live}}::text{{end}}) AS key
FROM {{.Source}} AS s
WHERE true
    {{- if .Lower}}
    AND ({{range $i, $c := .Columns}}{{if $i}}, {{end}}s.{{$c}}{{end}})
        > ({{range $i, $c := .Columns}}{{if $i}}, {{end}}(SELECT r.pos_{{inc $i}} FROM {{$.Ranges}} AS r WHERE r.range_number = @range){{end}})
    {{- end}}
    {{- if .Upper}}
    AND ({{range $i, $c := .Columns}}{{if $i}}, {{end}}s.{{$c}}{{end}})
        <= ({{range $i, $c := .Columns}}{{if $i}}, {{end}}(SELECT r.{{$.End}}_{{inc $i}} FROM {{$.Ranges}} AS r WHERE r.range_number = @range){{end}})
    {{- end}}
ORDER BY {{range $i, $c := .Columns}}{{if $i}}, {{end}}s.{{$c}}{{end}}
