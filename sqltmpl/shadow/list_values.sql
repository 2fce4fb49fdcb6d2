-- shadow/list_values.sql
-- The different values that rows have in the column to partition by, up to a limit.
--
-- lock: ACCESS SHARE on the source
-- runs: inside setup; reads all rows
SELECT d.v::text
FROM (
    SELECT DISTINCT q.v
    FROM (
        SELECT {{.Value}} AS v
        FROM {{.Source}} AS s
    ) AS q
    LIMIT @limit
) AS d
ORDER BY d.v
