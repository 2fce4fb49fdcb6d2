-- registry/start_stream.sql
-- Record where a stream's slot begins: nothing is applied yet, and nothing was copied under another one.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that empties the copy, or makes it current
UPDATE {{.Schema}}.stream
SET began = @began::text::pg_lsn,
    applied = @began::text::pg_lsn,
    applied_at = clock_timestamp(),
    copied = NULL,
    mixed = false
WHERE job_id = @job_id
    AND direction = @direction
