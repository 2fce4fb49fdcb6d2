-- swap/drop_default.sql
-- Drop a column's default, so that the table does not depend on the sequence in it.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction that has the lock
ALTER TABLE {{.Table}} ALTER COLUMN {{.Column}} DROP DEFAULT
