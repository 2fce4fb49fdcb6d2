-- session/blocking.sql
-- Who keeps a session of ours waiting for a lock.
--
-- lock: none
-- runs: anywhere
SELECT b.pid,
    coalesce(a.application_name, '') AS application,
    coalesce(a.state, '') AS state,
    coalesce(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start), 0)::float8 AS age
FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(@pid)) AS b (pid)
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
ORDER BY a.xact_start NULLS LAST
LIMIT 3
