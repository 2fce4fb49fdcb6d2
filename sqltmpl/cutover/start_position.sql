-- cutover/start_position.sql
-- Nothing behind a position has been applied.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside a transaction, after the table was emptied
INSERT INTO {{.Position}} (applied) VALUES (@applied::text::pg_catalog.pg_lsn)
