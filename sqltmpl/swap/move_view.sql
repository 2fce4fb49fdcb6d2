-- swap/move_view.sql
-- Move a materialized view, with its indexes, to the schema it has with or without the name.
--
-- lock: ACCESS EXCLUSIVE on it
-- runs: in the swap's transaction
ALTER MATERIALIZED VIEW {{.View}} SET SCHEMA {{.Schema}}
