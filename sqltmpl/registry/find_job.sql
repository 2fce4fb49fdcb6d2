-- registry/find_job.sql
-- Find the job of one table.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT job_id
FROM {{.Schema}}.job_table
WHERE schema_name = @schema_name
    AND table_name = @table_name
