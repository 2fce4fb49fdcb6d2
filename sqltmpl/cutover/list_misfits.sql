-- cutover/list_misfits.sql
-- Rows of one side that are none of the other's.
--
-- lock: ACCESS SHARE on the table
-- runs: inside the transaction that made the function
SELECT key, problem
FROM (
    SELECT pg_catalog.concat_ws(', '{{range .Key}}, s.{{.}}::text{{end}}) AS key, pg_temp.repave_fits(s) AS problem
    FROM {{.Table}} AS s
) AS tried
WHERE problem IS NOT NULL
LIMIT @limit
