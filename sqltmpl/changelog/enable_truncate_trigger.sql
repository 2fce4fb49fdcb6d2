-- changelog/enable_truncate_trigger.sql
-- Fire for TRUNCATE with session_replication_role = replica too.
--
-- lock: SHARE ROW EXCLUSIVE on the live table
-- runs: inside a transaction that installs the capture
ALTER TABLE {{.Live}} ENABLE ALWAYS TRIGGER {{.Truncate}}
