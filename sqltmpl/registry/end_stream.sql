-- registry/end_stream.sql
-- Forget a stream.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
DELETE FROM {{.Schema}}.stream
WHERE job_id = @job_id
    AND direction = @direction
