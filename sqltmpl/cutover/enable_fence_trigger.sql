-- cutover/enable_fence_trigger.sql
-- Make the fence fire in sessions with session_replication_role = replica, too.
--
-- lock: SHARE ROW EXCLUSIVE on the table
-- runs: inside the transaction that puts up the fence
ALTER TABLE {{.Table}} ENABLE ALWAYS TRIGGER {{.Trigger}}
