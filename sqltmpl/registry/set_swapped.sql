-- registry/set_swapped.sql
-- Record which of the two tables has the name.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the swap
UPDATE {{.Schema}}.job
SET swapped = @swapped,
    proven = false,
    updated_at = now()
WHERE job_id = @job_id
