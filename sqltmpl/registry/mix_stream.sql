-- registry/mix_stream.sql
-- Record that the copy goes on under other snapshots than the slot's, and as another one.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside a transaction that has locked the last copy
UPDATE {{.Schema}}.stream
SET mixed = true,
    copy_name = @copy_name,
    copy_version = @copy_version,
    snapshot = @snapshot
WHERE job_id = @job_id
    AND direction = @direction
