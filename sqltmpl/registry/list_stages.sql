-- registry/list_stages.sql
-- Read the stage runs of a job.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT run_id, stage, backward, began_at, ended_at, rows, error
FROM {{.Schema}}.stage_run
WHERE job_id = @job_id
ORDER BY run_id
