-- registry/lock_wanted.sql
-- Whether somebody waits for the advisory lock of one of some source tables.
--
-- lock: none
-- runs: anywhere
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'advisory'
        AND NOT l.granted
        AND l.objsubid = 2
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        AND l.classid::bigint = @class::bigint & 4294967295
        AND l.objid::bigint = ANY (SELECT o & 4294967295 FROM pg_catalog.unnest(@objects::bigint[]) o)
)
