-- logical/slot_state.sql
-- What a slot is at, and how much WAL it keeps. The row is read as JSON because only some versions have all columns.
--
-- lock: none
-- runs: anywhere
SELECT r.database = pg_catalog.current_database() AND r.plugin = 'pgoutput' AS ours,
    coalesce(r.active_pid, 0) AS pid,
    coalesce(r.confirmed_flush_lsn, '0/0')::text AS confirmed,
    coalesce(r.restart_lsn, '0/0')::text AS restart,
    coalesce(pg_catalog.pg_wal_lsn_diff(
        CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END,
        r.restart_lsn), 0)::bigint AS retained,
    coalesce(r.wal_status, '') AS wal_status,
    r.safe_wal_size AS safe,
    coalesce(
        nullif(pg_catalog.to_jsonb(r) ->> 'invalidation_reason', ''),
        CASE WHEN (pg_catalog.to_jsonb(r) ->> 'conflicting')::boolean THEN 'conflicting' END,
        CASE WHEN r.wal_status = 'lost' THEN 'wal_removed' END,
        '') AS invalidation
FROM pg_catalog.pg_replication_slots AS r
WHERE r.slot_name = @name
