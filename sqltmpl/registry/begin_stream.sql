-- registry/begin_stream.sql
-- Record a stream before its slot is made; one that is recorded stays as it is.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
INSERT INTO {{.Schema}}.stream (job_id, direction, slot, publication, system_id, database)
VALUES (@job_id, @direction, @slot, @publication, @system_id, @database)
ON CONFLICT DO NOTHING
