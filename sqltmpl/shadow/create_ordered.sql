-- shadow/create_ordered.sql
-- Create a table from a description: the shadow anew, with its columns in another order, or a table on another server.
--
-- lock: none on users' tables
-- runs: inside a transaction
CREATE{{if .Unlogged}} UNLOGGED{{end}} TABLE {{.Table}} (
{{- range $i, $c := .Columns}}{{if $i}},{{end}}
    {{$c.Name}} {{$c.Type}}
    {{- if $c.Collation}} COLLATE {{$c.Collation}}{{end}}
    {{- if $c.Stored}} GENERATED ALWAYS AS ({{$c.Default}}) STORED
    {{- else if $c.Virtual}} GENERATED ALWAYS AS ({{$c.Default}}) VIRTUAL
    {{- else if $c.Default}} DEFAULT {{$c.Default}}{{end}}
    {{- if $c.Identity}} GENERATED {{if $c.Always}}ALWAYS{{else}}BY DEFAULT{{end}} AS IDENTITY (SEQUENCE NAME {{$c.Sequence}}){{end}}
    {{- if $c.NotNull}}{{if $c.Constraint}} CONSTRAINT {{$c.Constraint}}{{end}} NOT NULL{{if $c.NoInherit}} NO INHERIT{{end}}{{end}}
{{- end}}
{{- range .Checks}},
    CONSTRAINT {{.Name}} {{.Def}}
{{- end}}
)
{{- if .PartitionBy}}
PARTITION BY {{.PartitionBy}}{{end}}
{{- if .AccessMethod}}
USING {{.AccessMethod}}{{end}}
{{- if .Options}}
WITH ({{.Options}}){{end}}
{{- if .Tablespace}}
TABLESPACE {{.Tablespace}}{{end}}
