-- registry/advance_batch.sql
-- Tick off the pages of a range that have been copied.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the batch transaction
UPDATE {{.Schema}}.batch
SET next_page = @next_page,
    rows = rows + @rows::bigint
WHERE job_id = @job_id
    AND table_number = @table_number
    AND batch_number = @batch_number
