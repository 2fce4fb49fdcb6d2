-- registry/set_capture.sql
-- Record how changes are captured: not, in the log, or directly.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: inside the transaction that changes the capture
UPDATE {{.Schema}}.job_table
SET capture = @capture
WHERE job_id = @job_id
    AND table_number = @table_number
