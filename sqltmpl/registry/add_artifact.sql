-- registry/add_artifact.sql
-- List an object that the job made, with the statement that undoes it.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that makes the object, or before it where that can't be
INSERT INTO {{.Schema}}.artifact (job_id, table_number, kind, name, undo)
VALUES (@job_id, @table_number, @kind, @name, @undo)
ON CONFLICT ON CONSTRAINT repave_registry_artifact_name DO UPDATE
SET undo = excluded.undo
