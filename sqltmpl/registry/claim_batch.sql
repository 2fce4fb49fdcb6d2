-- registry/claim_batch.sql
-- Take the next range that nobody works on.
--
-- lock: ROW SHARE on the registry
-- runs: inside the batch transaction
SELECT batch_number, first_page, next_page, end_page, rows
FROM {{.Schema}}.batch
WHERE job_id = @job_id
    AND table_number = @table_number
    AND next_page < end_page
ORDER BY batch_number
LIMIT 1
FOR UPDATE SKIP LOCKED
