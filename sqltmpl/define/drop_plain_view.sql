-- define/drop_plain_view.sql
-- Drop a view and nothing else.
--
-- lock: ACCESS EXCLUSIVE on it
-- runs: inside a transaction
DROP VIEW IF EXISTS {{.View}}
