-- shadow/add_placeholder.sql
-- Stand in for a foreign key while the operator's actions run: a check that is always true.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
--
-- It mentions the columns, so it goes when one of them is dropped, as the
-- foreign key would; IS NULL takes every type, so it survives a change of type.
ALTER TABLE {{.Table}} ADD CONSTRAINT {{.Name}} CHECK (
    {{range .Columns}}{{.}} IS NULL OR {{end}}true
){{if .NotValid}} NOT VALID{{end}}
