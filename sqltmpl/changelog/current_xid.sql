-- changelog/current_xid.sql
-- The number of this transaction.
--
-- lock: none
-- runs: inside the swap
SELECT pg_catalog.pg_current_xact_id()::text
