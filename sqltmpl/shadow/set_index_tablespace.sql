-- shadow/set_index_tablespace.sql
-- Move an index of the empty shadow to another tablespace.
--
-- lock: ACCESS EXCLUSIVE on the index
-- runs: inside setup
ALTER INDEX {{.Index}} SET TABLESPACE {{.Tablespace}}
