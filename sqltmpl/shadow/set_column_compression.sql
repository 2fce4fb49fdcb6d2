-- shadow/set_column_compression.sql
-- Set how a column of the shadow is compressed.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}} ALTER COLUMN {{.Column}} SET COMPRESSION {{.Method}}
