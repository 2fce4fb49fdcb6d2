-- registry/lock_holder.sql
-- Who holds the advisory lock of a source table.
--
-- lock: none
-- runs: anywhere
--
-- classid and objid show the two int4 keys as oids, that is unsigned.
SELECT l.pid,
    coalesce(a.application_name, '') AS application,
    coalesce(a.client_addr::text, 'local') AS client,
    l.mode = 'ShareLock' AS shared,
    a.backend_start AS since
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory'
    AND l.granted
    AND l.objsubid = 2
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND l.classid::bigint = @class::bigint & 4294967295
    AND l.objid::bigint = @object::bigint & 4294967295
ORDER BY shared, l.pid
