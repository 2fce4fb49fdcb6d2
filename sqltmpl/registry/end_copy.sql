-- registry/end_copy.sql
-- Record a position behind the end of a mixed copy.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
UPDATE {{.Schema}}.stream
SET copied = @copied::text::pg_lsn
WHERE job_id = @job_id
    AND direction = @direction
