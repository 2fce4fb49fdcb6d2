-- changelog/enable_triggers.sql
-- Fire for replicated and session_replication_role = replica writes too.
--
-- lock: SHARE ROW EXCLUSIVE on the live table
-- runs: inside a transaction that installs the capture
ALTER TABLE {{.Live}}
    ENABLE ALWAYS TRIGGER {{.Row}},
    ENABLE ALWAYS TRIGGER {{.Truncate}}
