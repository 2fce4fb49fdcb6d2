-- shadow/grant_create.sql
-- Let a role own tables in the registry's schema.
--
-- lock: none
-- runs: inside setup, taken back in the same transaction
GRANT CREATE ON SCHEMA {{.Schema}} TO {{.Role}}
