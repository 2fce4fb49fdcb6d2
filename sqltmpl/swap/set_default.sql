-- swap/set_default.sql
-- Set a column's default.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside the swap
ALTER TABLE {{.Table}} ALTER COLUMN {{.Column}} SET DEFAULT {{.Default}}
