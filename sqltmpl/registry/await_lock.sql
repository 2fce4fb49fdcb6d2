-- registry/await_lock.sql
-- Take the advisory lock of one source table, after those who share it; they let go when they see us wait.
--
-- lock: an advisory lock, waited for as long as lock_timeout
-- runs: anywhere, on a session of its own
SELECT pg_catalog.pg_advisory_lock(@class, @object)
