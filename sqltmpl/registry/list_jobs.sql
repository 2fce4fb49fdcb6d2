-- registry/list_jobs.sql
-- Read all jobs, oldest first.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT job_id, strategy, spec, spec_hash, flags, settings, stage, swapped, proven, created_at, version,
    waiting, last_error, backlog, carried, paused_at
FROM {{.Schema}}.job
ORDER BY job_id
