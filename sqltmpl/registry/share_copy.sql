-- registry/share_copy.sql
-- Whether a copy still is the one that is being made: as long as this transaction lasts it is.
--
-- lock: ROW SHARE on the registry; the stream's row FOR SHARE
-- runs: first in the batch transaction
SELECT true
FROM {{.Schema}}.stream
WHERE job_id = @job_id
    AND direction = @direction
    AND copy_name = @copy_name
FOR SHARE
