-- shadow/revoke_create.sql
-- Take back what grant_create gave.
--
-- lock: none
-- runs: inside setup
REVOKE CREATE ON SCHEMA {{.Schema}} FROM {{.Role}}
