-- swap/move_statistics.sql
-- Move a statistics object to the schema it has with or without the name.
--
-- lock: ACCESS EXCLUSIVE on the object
-- runs: in the swap's transaction
ALTER STATISTICS {{.Statistics}} SET SCHEMA {{.Schema}}
