-- registry/set_proven.sql
-- Record that verify found the tables equal, or that this no longer counts.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
UPDATE {{.Schema}}.job
SET proven = @proven,
    updated_at = now()
WHERE job_id = @job_id
