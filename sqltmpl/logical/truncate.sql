-- logical/truncate.sql
-- Empty a table that no foreign key refers to.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside an apply transaction
TRUNCATE {{.To}}
