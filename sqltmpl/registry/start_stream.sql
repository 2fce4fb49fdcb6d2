-- registry/start_stream.sql
-- Record where a stream's slot begins: nothing is applied yet, and nothing was copied under another one. With it,
-- what others need to help with the copy.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that empties the copy, or makes it current
UPDATE {{.Schema}}.stream
SET began = @began::text::pg_lsn,
    applied = @began::text::pg_lsn,
    applied_at = clock_timestamp(),
    copied = NULL,
    mixed = false,
    copy_name = @copy_name,
    copy_version = @copy_version,
    snapshot = @snapshot
WHERE job_id = @job_id
    AND direction = @direction
