-- registry/read_paused.sql
-- Since when a job has been paused; null if it is not.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT paused_at
FROM {{.Schema}}.job
WHERE job_id = @job_id
