-- session/blockers.sql
-- Who holds or awaits a lock on a table that keeps others from it.
--
-- lock: none
-- runs: anywhere
SELECT l.pid,
    coalesce(a.application_name, '') AS application,
    coalesce(a.state, '') AS state,
    coalesce(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start), 0)::float8 AS age
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation'
    AND l.relation = ANY (@relations::oid[])
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND l.granted
    AND l.pid <> ALL (@ours::int[])
    AND coalesce(a.backend_type, '') <> 'autovacuum worker'
ORDER BY a.xact_start NULLS LAST
LIMIT 3
