-- shadow/create_table.sql
-- Create the shadow: all of the source's columns, checks and indexes, empty.
--
-- lock: ACCESS SHARE on the source
-- runs: inside setup
--
-- No INCLUDING STATISTICS: extended statistics are carried with their names later.
CREATE{{if .Unlogged}} UNLOGGED{{end}} TABLE {{.Table}} (
    LIKE {{.Source}}
        INCLUDING DEFAULTS INCLUDING GENERATED{{if not .NoIdentity}} INCLUDING IDENTITY{{end}} INCLUDING STORAGE INCLUDING COMPRESSION
        INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING COMMENTS
)
{{- if .AccessMethod}}
USING {{.AccessMethod}}{{end}}
{{- if .Options}}
WITH ({{.Options}}){{end}}
{{- if .Tablespace}}
TABLESPACE {{.Tablespace}}{{end}}
