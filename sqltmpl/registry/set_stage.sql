-- registry/set_stage.sql
-- Move a job to a stage.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that has the stage's effect
UPDATE {{.Schema}}.job
SET stage = @stage,
    waiting = '',
    last_error = '',
    updated_at = now()
WHERE job_id = @job_id
