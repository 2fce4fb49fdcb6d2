-- swap/set_schema.sql
-- Move a table with its indexes and owned sequences to another schema.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside the swap
ALTER TABLE {{.Table}} SET SCHEMA {{.Schema}}
