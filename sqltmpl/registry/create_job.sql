-- registry/create_job.sql
-- Begin a job.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that records its tables
INSERT INTO {{.Schema}}.job (strategy, spec, spec_hash, flags, args, settings, version)
VALUES (@strategy, @spec, @spec_hash, @flags, @args, @settings, @version)
RETURNING job_id
