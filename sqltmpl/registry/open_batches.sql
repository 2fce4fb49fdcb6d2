-- registry/open_batches.sql
-- How many batches of one table are not copied to their end.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT count(*)
FROM {{.Schema}}.batch
WHERE job_id = @job_id
    AND table_number = @table_number
    AND next_page < end_page
