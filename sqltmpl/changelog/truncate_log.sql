-- changelog/truncate_log.sql
-- Empty the log for good, so that triggers which look into it find no dead rows.
--
-- lock: ACCESS EXCLUSIVE on the log
-- runs: under SHARE ROW EXCLUSIVE on the live table, after taking all
TRUNCATE {{.Log}}
