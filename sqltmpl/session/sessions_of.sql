-- session/sessions_of.sql
-- Sessions that hold a lock on objects of a job: ours, or left over from a process that died.
--
-- lock: none
-- runs: anywhere
SELECT DISTINCT l.pid
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation'
    AND l.relation = ANY (@relations::oid[])
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND a.application_name LIKE 'repave %'
    AND a.application_name <> 'repave demo traffic'
    AND l.pid <> ALL (@ours::int[])
