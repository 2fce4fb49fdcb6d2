-- swap/rename_view.sql
-- Rename a materialized view.
--
-- lock: ACCESS EXCLUSIVE on it
-- runs: in the swap's transaction
ALTER MATERIALIZED VIEW {{.View}} RENAME TO {{.To}}
