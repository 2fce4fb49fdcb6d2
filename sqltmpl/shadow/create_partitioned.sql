-- shadow/create_partitioned.sql
-- Create a partitioned table of the shape of the plain shadow: its columns, defaults and checks, without indexes.
--
-- lock: ACCESS SHARE on the plain shadow
-- runs: inside setup
CREATE TABLE {{.Table}} (
    LIKE {{.Like}}
        INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING STORAGE INCLUDING COMPRESSION
        INCLUDING CONSTRAINTS INCLUDING COMMENTS
)
PARTITION BY {{.By}}
{{- if .Tablespace}}
TABLESPACE {{.Tablespace}}{{end}}
