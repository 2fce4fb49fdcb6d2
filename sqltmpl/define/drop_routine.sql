-- define/drop_routine.sql
-- Drop a function or procedure and nothing else.
--
-- lock: ACCESS EXCLUSIVE on it
-- runs: inside a transaction
DROP ROUTINE IF EXISTS {{.Routine}}
