-- session/terminate.sql
-- End a session of our own that outlived its process.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.pg_terminate_backend(@pid)
