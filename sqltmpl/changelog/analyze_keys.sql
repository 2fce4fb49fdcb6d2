-- changelog/analyze_keys.sql
-- Tell the planner how many keys there are; it knows nothing of a new temporary table.
--
-- lock: none on users' tables
-- runs: inside a round or drain
ANALYZE pg_temp.{{.KeysTable}}
