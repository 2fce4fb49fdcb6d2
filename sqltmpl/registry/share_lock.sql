-- registry/share_lock.sql
-- Take the advisory lock of one source table as a follower does, unless somebody has it or waits for it.
--
-- lock: an advisory lock, shared
-- runs: anywhere, on a session of its own
SELECT pg_catalog.pg_try_advisory_lock_shared(@class, @object)
