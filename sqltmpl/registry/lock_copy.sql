-- registry/lock_copy.sql
-- Wait until all batches of a copy that are under way have ended, and let none begin until this transaction does.
--
-- lock: an advisory lock
-- runs: first in the transaction that replaces the copy; what it is must be read by another statement
SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(@copy_name::text COLLATE "C", 0))
