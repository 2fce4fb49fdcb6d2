-- cutover/drop_position.sql
-- Drop the table that keeps the position.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: anywhere
DROP TABLE IF EXISTS {{.Position}}
