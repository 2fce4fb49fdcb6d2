-- registry/read_job.sql
-- Read one job.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT job_id, strategy, spec, spec_hash, flags, settings, stage, swapped, proven, created_at, version,
    waiting, last_error, backlog, carried, paused_at
FROM {{.Schema}}.job
WHERE job_id = @job_id
