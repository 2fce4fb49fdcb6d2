-- logical/in_recovery.sql
-- Whether this server is a standby.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.pg_is_in_recovery()
