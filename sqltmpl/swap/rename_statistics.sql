-- swap/rename_statistics.sql
-- Rename a statistics object; it keeps what it has gathered.
--
-- lock: ACCESS EXCLUSIVE on the object
-- runs: in the swap's transaction
ALTER STATISTICS {{.Statistics}} RENAME TO {{.To}}
