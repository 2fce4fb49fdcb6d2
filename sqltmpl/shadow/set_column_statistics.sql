-- shadow/set_column_statistics.sql
-- Set a column's statistics target.
--
-- lock: SHARE UPDATE EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}} ALTER COLUMN {{.Column}} SET STATISTICS {{.Target}}
