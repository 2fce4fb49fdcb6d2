-- shadow/set_type.sql
-- Change the type of a column of the empty shadow.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}}
{{- range $i, $column := .Columns}}{{if $i}},{{end}}
    ALTER COLUMN {{$column}} TYPE {{$.Type}}
{{- end}}
