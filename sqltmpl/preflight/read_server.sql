-- preflight/read_server.sql
-- Read what kind of server and session this is.
--
-- lock: none
-- runs: anywhere
SELECT
    pg_catalog.current_setting('server_version_num')::int4 AS version,
    pg_catalog.pg_is_in_recovery() AS in_recovery,
    pg_catalog.current_setting('default_transaction_read_only')::bool AS read_only,
    pg_catalog.current_database()::text AS database,
    current_user::text AS role
