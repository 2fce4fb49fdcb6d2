-- cutover/wal_position.sql
-- A position behind everything that has been written so far.
--
-- lock: none
-- runs: anywhere but on a standby
SELECT pg_catalog.pg_current_wal_insert_lsn()::text
