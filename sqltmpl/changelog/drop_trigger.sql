-- changelog/drop_trigger.sql
-- Stop a capture.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction that already has that lock
DROP TRIGGER IF EXISTS {{.Trigger}} ON {{.Table}}
