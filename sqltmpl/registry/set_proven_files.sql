-- registry/set_proven_files.sql
-- Record which files verify compared: a rewrite by others afterwards may change rows without any trigger.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: while the tables are pinned
UPDATE {{.Schema}}.job_table
SET proven_live = @live,
    proven_standby = @standby
WHERE job_id = @job_id
    AND table_number = @table_number
