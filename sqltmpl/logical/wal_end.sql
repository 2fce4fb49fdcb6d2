-- logical/wal_end.sql
-- The end of what the cluster has written: what a stream has to reach.
--
-- lock: none
-- runs: anywhere
SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
    ELSE pg_catalog.pg_current_wal_lsn() END)::text AS position,
    pg_catalog.clock_timestamp() AS now
