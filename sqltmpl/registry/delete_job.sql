-- registry/delete_job.sql
-- Forget a job; its tables, stages, batches and artifacts go with it.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that drops the last of its objects
DELETE FROM {{.Schema}}.job
WHERE job_id = @job_id
