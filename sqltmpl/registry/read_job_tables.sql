-- registry/read_job_tables.sql
-- Read the tables of one job.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT job_id, table_number, schema_name, table_name, source_oid,
    coalesce(shadow_oid, 0) AS shadow_oid, blueprint, bound, capture,
    coalesce(filenode, 0) AS filenode, coalesce(proven_live, 0) AS proven_live, coalesce(proven_standby, 0) AS proven_standby,
    coalesce(last_write::text, '') AS last_write, rows
FROM {{.Schema}}.job_table
WHERE job_id = @job_id
ORDER BY table_number
