-- registry/begin_stage.sql
-- Open a stage run.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
INSERT INTO {{.Schema}}.stage_run (job_id, stage, backward)
VALUES (@job_id, @stage, @backward)
RETURNING run_id
