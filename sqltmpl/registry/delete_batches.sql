-- registry/delete_batches.sql
-- Forget all batches of a table, to plan them anew.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that empties the shadow
DELETE FROM {{.Schema}}.batch
WHERE job_id = @job_id
    AND table_number = @table_number
