-- registry/read_stream.sql
-- Read one stream of a job; no row if it has not begun.
--
-- lock: none
-- runs: anywhere
SELECT direction, slot, publication, system_id, database, coalesce(began::text, '') AS began,
    coalesce(applied::text, '') AS applied, applied_at, coalesce(copied::text, '') AS copied, mixed,
    copy_name, copy_version, snapshot
FROM {{.Schema}}.stream
WHERE job_id = @job_id
    AND direction = @direction
