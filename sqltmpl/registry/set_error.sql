-- registry/set_error.sql
-- Remember why the job stopped.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
UPDATE {{.Schema}}.job
SET last_error = @error,
    waiting = '',
    updated_at = now()
WHERE job_id = @job_id
