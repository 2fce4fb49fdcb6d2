-- registry/set_waiting.sql
-- Say what the job waits for and how many changes it has yet to replay.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
UPDATE {{.Schema}}.job
SET waiting = @waiting,
    backlog = @backlog,
    updated_at = now()
WHERE job_id = @job_id
