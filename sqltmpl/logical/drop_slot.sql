-- logical/drop_slot.sql
-- Drop a slot: the WAL that it kept may go.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.pg_drop_replication_slot(@name)
