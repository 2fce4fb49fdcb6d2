-- registry/delete_artifact.sql
-- Forget an object that is gone.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that drops it
DELETE FROM {{.Schema}}.artifact
WHERE job_id = @job_id
    AND kind = @kind
    AND name = @name
