-- changelog/vacuum_log.sql
-- Free the rows that were taken.
--
-- lock: SHARE UPDATE EXCLUSIVE on the log
-- runs: outside a transaction
VACUUM {{.Log}}
