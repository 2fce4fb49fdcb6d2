-- registry/schema_exists.sql
-- Whether the registry has been made.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.to_regclass(@registry) IS NOT NULL
