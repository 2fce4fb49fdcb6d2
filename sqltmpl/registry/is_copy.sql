-- registry/is_copy.sql
-- Whether a copy still is the one that is being made.
--
-- lock: ACCESS SHARE on the registry
-- runs: in a transaction that has locked the copy
SELECT EXISTS (
    SELECT
    FROM {{.Schema}}.stream
    WHERE job_id = @job_id
        AND direction = @direction
        AND copy_name = @copy_name
)
