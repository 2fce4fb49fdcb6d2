-- shadow/create_helper.sql
-- Make an index on the key, for a shadow that has none; unique, but where partitions could not have it.
--
-- lock: SHARE on the shadow
-- runs: inside setup
CREATE {{if .Unique}}UNIQUE {{end}}INDEX {{.Index}} ON {{.Table}} ({{.Columns}})
