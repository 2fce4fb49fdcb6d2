-- session/slot_wal.sql
-- The replication slot that keeps the most WAL from being removed, and how many bytes; no row if there is no slot.
--
-- lock: none
-- runs: anywhere
SELECT slot_name::text AS name,
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), restart_lsn)::int8 AS bytes
FROM pg_catalog.pg_replication_slots
WHERE restart_lsn IS NOT NULL
ORDER BY restart_lsn
LIMIT 1
