-- changelog/truncate_standby.sql
-- Empty a table of ours.
--
-- lock: ACCESS EXCLUSIVE on the standby
-- runs: inside a round, or to begin the backfill again
TRUNCATE {{.Standby}}
