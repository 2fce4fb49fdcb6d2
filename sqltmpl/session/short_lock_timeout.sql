-- session/short_lock_timeout.sql
-- A lock_timeout of @most milliseconds, but of half of deadlock_timeout at the most: in a deadlock with an application
-- it is we who give up. Zero would be no limit.
--
-- lock: none
-- runs: anywhere
SELECT greatest(1, least(@most::int, pg_catalog.floor(
    pg_catalog.extract('epoch', pg_catalog.current_setting('deadlock_timeout')::pg_catalog.interval) * 500)))::text || 'ms'
