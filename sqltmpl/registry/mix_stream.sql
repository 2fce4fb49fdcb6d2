-- registry/mix_stream.sql
-- Record that the copy goes on under other snapshots than the slot's.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
UPDATE {{.Schema}}.stream
SET mixed = true
WHERE job_id = @job_id
    AND direction = @direction
