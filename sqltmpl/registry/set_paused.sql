-- registry/set_paused.sql
-- Pause a job, or let it go on. One that is paused stays so since when it was; no row if there is no such job.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
UPDATE {{.Schema}}.job
SET paused_at = CASE WHEN @paused THEN coalesce(paused_at, clock_timestamp()) END,
    updated_at = now()
WHERE job_id = @job_id
RETURNING paused_at
