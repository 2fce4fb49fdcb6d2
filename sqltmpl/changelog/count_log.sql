-- changelog/count_log.sql
-- How many log rows there are, at most @limit.
--
-- lock: ACCESS SHARE on the log
-- runs: anywhere
SELECT count(*)
FROM (SELECT FROM {{.Log}} LIMIT @limit) AS l
