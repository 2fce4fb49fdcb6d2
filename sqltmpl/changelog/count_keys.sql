-- changelog/count_keys.sql
-- How many different keys are logged, among the first @limit log rows.
--
-- lock: ACCESS SHARE on the log
-- runs: anywhere
SELECT count(*)
FROM (
    SELECT DISTINCT repave_kind{{range .Keys}}, {{.Log}}{{end}}
    FROM (SELECT * FROM {{.Log}} LIMIT @limit) AS first
) AS l
