-- logical/delete_all.sql
-- Empty a table that can't be truncated without others.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside an apply transaction
DELETE FROM {{.To}}
