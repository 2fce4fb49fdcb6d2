-- session/backend_pid.sql
-- The process of this session.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.pg_backend_pid()
