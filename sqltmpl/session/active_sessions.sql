-- session/active_sessions.sql
-- How many sessions of others are at work now, on the whole server: on a processor, or in line for one, for the disk or
-- for the WAL. Those that wait for their client or for a lock of somebody's are not. Of sessions that this role may not
-- look into, all that are in a transaction count.
--
-- lock: none
-- runs: anywhere
SELECT count(*)
FROM pg_catalog.pg_stat_activity a
WHERE a.pid <> pg_catalog.pg_backend_pid()
    AND (a.application_name NOT LIKE 'repave %' OR a.application_name = 'repave demo traffic')
    AND (a.state = 'active' AND a.backend_type IN ('client backend', 'parallel worker')
            AND coalesce(a.wait_event_type, 'none') IN ('none', 'LWLock', 'IO', 'BufferPin')
        OR a.state IS NULL AND a.backend_type IS NULL AND EXISTS (
            SELECT FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND l.locktype = 'virtualxid' AND l.granted))
