-- registry/try_lock.sql
-- Take the advisory lock of one source table for this session, or say that another has it.
--
-- lock: an advisory lock
-- runs: anywhere, on a session of its own
SELECT pg_catalog.pg_try_advisory_lock(@class, @object)
