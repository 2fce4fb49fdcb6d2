-- shadow/read_setting.sql
-- Read a setting.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.current_setting(@name)
