-- shadow/create_helper.sql
-- Make a unique index on the key, for a shadow that has none.
--
-- lock: SHARE on the shadow
-- runs: inside setup
CREATE UNIQUE INDEX {{.Index}} ON {{.Table}} ({{.Columns}})
