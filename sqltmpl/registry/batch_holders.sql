-- registry/batch_holders.sql
-- Sessions that have claimed batches of a job, and in which transaction: FOR UPDATE leaves its number in the row.
--
-- lock: ACCESS SHARE on the registry
-- runs: anywhere
SELECT l.pid, l.transactionid::text AS xid, coalesce(a.application_name, '') AS application,
    coalesce(a.client_addr::text, 'local') AS client
FROM {{.Schema}}.batch b
JOIN pg_catalog.pg_locks l ON l.locktype = 'transactionid' AND l.granted AND l.transactionid = b.xmax
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE b.job_id = @job_id
    AND b.next_page < b.end_page
    AND l.mode = 'ExclusiveLock'
ORDER BY l.pid
