-- shadow/set_tablespace.sql
-- Move the empty shadow to another tablespace.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}} SET TABLESPACE {{.Tablespace}}
