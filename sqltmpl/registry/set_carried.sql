-- registry/set_carried.sql
-- Record what follows the tables' names, as a rehearsal of the swap has found it.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
UPDATE {{.Schema}}.job
SET carried = @carried,
    updated_at = now()
WHERE job_id = @job_id
