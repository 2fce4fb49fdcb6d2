-- session/set_session.sql
-- Set a parameter for the session.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.set_config(@name, @value, false)
