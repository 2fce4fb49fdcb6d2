-- verify/export_snapshot.sql
-- Share this transaction's snapshot.
--
-- lock: none
-- runs: inside a REPEATABLE READ transaction that has locked the tables
SELECT pg_catalog.pg_export_snapshot()
