-- registry/set_filenode.sql
-- Record which file of the source the batches were planned on.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that plans the batches
UPDATE {{.Schema}}.job_table
SET filenode = @filenode,
    rows = @rows
WHERE job_id = @job_id
    AND table_number = @table_number
