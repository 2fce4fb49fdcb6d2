-- registry/advance_stream.sql
-- Record what has been applied. A position never goes back.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that applies
UPDATE {{.Schema}}.stream
SET applied = @applied::text::pg_lsn,
    applied_at = clock_timestamp()
WHERE job_id = @job_id
    AND direction = @direction
    AND applied <= @applied::text::pg_lsn
