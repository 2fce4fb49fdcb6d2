-- session/deadlock_timeout.sql
-- How long the server lets a session wait before it looks for a deadlock, in milliseconds.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.extract('epoch', pg_catalog.current_setting('deadlock_timeout')::pg_catalog.interval)::float8 * 1000
