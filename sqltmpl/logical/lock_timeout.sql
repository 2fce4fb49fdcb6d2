-- logical/lock_timeout.sql
-- Bound waits for locks in a replication session, which takes no arguments.
--
-- lock: none
-- runs: before the slot is made
SET lock_timeout = {{.Milliseconds}}
