-- registry/create_job_table.sql
-- Add a table to a job; the unique name refuses a second job on it.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that begins the job
INSERT INTO {{.Schema}}.job_table (job_id, table_number, schema_name, table_name, source_oid)
VALUES (@job_id, @table_number, @schema_name, @table_name, @source_oid)
