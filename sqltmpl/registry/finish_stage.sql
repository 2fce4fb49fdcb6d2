-- registry/finish_stage.sql
-- Close a stage run.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere; for a stage with one transaction: inside it
UPDATE {{.Schema}}.stage_run
SET ended_at = clock_timestamp(),
    rows = @rows,
    error = @error
WHERE run_id = @run_id
    AND ended_at IS NULL
