-- session/older_snapshots.sql
-- Transactions in this database that may hold a snapshot which does not show transaction @xid. To be read right after
-- it committed: later snapshots show it, whatever their xmin. Each virtual transaction is named, so that they can be
-- awaited one by one, as CREATE INDEX CONCURRENTLY does.
-- A transaction without backend_xmin holds no snapshot, and a READ COMMITTED one takes a new one for its next statement.
--
-- lock: none
-- runs: anywhere
SELECT l.virtualxid,
    l.pid,
    coalesce(a.application_name, '') AS application,
    coalesce(a.state, '') AS state,
    coalesce(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start), 0)::float8 AS age
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid'
    AND l.granted
    AND a.datname = pg_catalog.current_database()
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND coalesce(a.backend_type, 'not ours to see') NOT IN ('autovacuum worker', 'autovacuum launcher')
    AND a.backend_xmin IS NOT NULL
    AND pg_catalog.age(a.backend_xmin) >= pg_catalog.age(@xid::text::pg_catalog.xid8::pg_catalog.xid)
ORDER BY a.xact_start NULLS LAST
