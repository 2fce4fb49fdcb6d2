-- shadow/set_column_storage.sql
-- Set how a column of the shadow is stored.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}} ALTER COLUMN {{.Column}} SET STORAGE {{.Storage}}
