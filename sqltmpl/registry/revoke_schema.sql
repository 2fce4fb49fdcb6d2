-- registry/revoke_schema.sql
-- Nobody but the owner has any business in the registry.
--
-- lock: none on users' tables
-- runs: anywhere
REVOKE ALL ON SCHEMA {{.Schema}} FROM PUBLIC
