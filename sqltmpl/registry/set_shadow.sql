-- registry/set_shadow.sql
-- Record the shadow and how it relates to its source.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that makes the shadow
UPDATE {{.Schema}}.job_table
SET shadow_oid = @shadow_oid,
    blueprint = @blueprint
WHERE job_id = @job_id
    AND table_number = @table_number
