-- shadow/create_probe.sql
-- Create a table of another's shape that statements can be tried on without touching it.
--
-- lock: ACCESS SHARE on the other table
-- runs: inside setup; the table is dropped again before its end
CREATE TABLE {{.Table}} (LIKE {{.Like}} INCLUDING INDEXES)
