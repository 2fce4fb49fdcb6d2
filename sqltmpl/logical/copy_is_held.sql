-- logical/copy_is_held.sql
-- Whether the session still lives, on this very server, that shows that a copy is being made from here.
--
-- lock: an advisory lock, if it does not
-- runs: inside a transaction that has its snapshot
SELECT NOT pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtextextended(@name::text COLLATE "C", 0))
