-- logical/advance_slot.sql
-- Move a slot on to a position, over changes that nobody will ask for.
--
-- lock: none
-- runs: outside a transaction that has written
SELECT end_lsn::text FROM pg_catalog.pg_replication_slot_advance(@name, @position::pg_lsn)
