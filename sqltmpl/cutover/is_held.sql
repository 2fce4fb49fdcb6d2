-- cutover/is_held.sql
-- Whether the session still lives that keeps a crossing's fence up: asked as the fence does itself. Who asks under a lock
-- that keeps writers away, and hears that it does, knows that nobody has passed the fence.
--
-- lock: an advisory lock, if it does not
-- runs: inside a transaction that has locked the fenced tables, in another session
SELECT NOT pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtextextended(@crossing::text COLLATE "C", 0))
