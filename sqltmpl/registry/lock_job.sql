-- registry/lock_job.sql
-- Keep every other process from moving the job on until this transaction ends.
--
-- lock: ROW SHARE on the registry
-- runs: inside a transaction that moves the job on
SELECT job_id, strategy, spec, spec_hash, flags, settings, stage, swapped, proven, created_at, version,
    waiting, last_error, backlog, carried, paused_at
FROM {{.Schema}}.job
WHERE job_id = @job_id
FOR UPDATE
