-- session/blocked_by.sql
-- How long, in milliseconds, the sessions of others have at the most waited for locks that one of ours holds; 0 if none waits.
--
-- lock: none
-- runs: anywhere
SELECT coalesce(max(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - coalesce(l.waitstart, a.query_start)) * 1000), 0)::float8
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE NOT l.granted
    AND l.pid <> ALL (@ours::int[])
    AND coalesce(a.backend_type, 'not ours to see') <> 'autovacuum worker'
    AND pg_catalog.pg_blocking_pids(l.pid) && @ours::int[]
