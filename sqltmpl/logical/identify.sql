-- logical/identify.sql
-- Which cluster and database this is; copies of a cluster have the same identifier.
--
-- lock: none
-- runs: anywhere
SELECT system_identifier::text AS system, pg_catalog.current_database()::text AS database
FROM pg_catalog.pg_control_system()
