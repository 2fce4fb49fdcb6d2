-- registry/create_schema.sql
-- Make the schema that holds the registry and all objects of jobs.
--
-- lock: none on users' tables
-- runs: anywhere
CREATE SCHEMA IF NOT EXISTS {{.Schema}}
