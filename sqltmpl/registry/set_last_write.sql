-- registry/set_last_write.sql
-- Remember the transaction that last wrote rows by other means than the writers' own triggers.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that wrote them
UPDATE {{.Schema}}.job_table
SET last_write = pg_catalog.pg_current_xact_id()
WHERE job_id = @job_id
    AND table_number = @table_number
