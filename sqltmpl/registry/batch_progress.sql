-- registry/batch_progress.sql
-- How much of the backfill is done.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT coalesce(sum(next_page - first_page), 0)::bigint AS done_pages,
    coalesce(sum(end_page - first_page), 0)::bigint AS total_pages,
    coalesce(sum(rows), 0)::bigint AS rows
FROM {{.Schema}}.batch
WHERE job_id = @job_id
