-- cutover/clear_position.sql
-- Forget the position.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside a transaction
DELETE FROM {{.Position}}
