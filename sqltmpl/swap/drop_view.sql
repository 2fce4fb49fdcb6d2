-- swap/drop_view.sql
-- Drop a materialized view that waits for its name, or has lost it.
--
-- lock: ACCESS EXCLUSIVE on it
-- runs: inside a transaction
DROP MATERIALIZED VIEW IF EXISTS {{.View}}
