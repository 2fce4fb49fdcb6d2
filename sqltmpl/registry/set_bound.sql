-- registry/set_bound.sql
-- Record what is bound to a table on the source.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that makes the table on the target
UPDATE {{.Schema}}.job_table
SET bound = @bound
WHERE job_id = @job_id
    AND table_number = @table_number
