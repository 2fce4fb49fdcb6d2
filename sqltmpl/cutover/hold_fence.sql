-- cutover/hold_fence.sql
-- Keep a crossing's fence up for as long as this session lives. Not to have the lock would mean that somebody else has it.
--
-- lock: an advisory lock of the session's
-- runs: anywhere
SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended(@crossing::text COLLATE "C", 0))
