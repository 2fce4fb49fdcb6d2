-- ordered/copy_step.sql
-- Copy the rows of a step, in their order.
--
-- lock: ACCESS SHARE on the source, ROW EXCLUSIVE on the shadow
-- runs: inside the batch transaction
INSERT INTO {{.Shadow}} ({{.Insert}})
OVERRIDING SYSTEM VALUE
SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}
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
