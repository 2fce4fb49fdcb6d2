-- cutover/advance_position.sql
-- Record what has been applied. A position never goes back.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside the transaction that applies
UPDATE {{.Position}} SET applied = @applied::text::pg_catalog.pg_lsn WHERE applied <= @applied::text::pg_catalog.pg_lsn
