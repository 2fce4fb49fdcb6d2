-- registry/list_artifacts.sql
-- Read what a job made, newest first.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT artifact_id, table_number, kind, name, undo
FROM {{.Schema}}.artifact
WHERE job_id = @job_id
ORDER BY artifact_id DESC
