-- shadow/set_column_options.sql
-- Set a column's options, such as n_distinct.
--
-- lock: SHARE UPDATE EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}} ALTER COLUMN {{.Column}} SET ({{.Options}})
