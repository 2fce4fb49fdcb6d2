-- shadow/explain_using.sql
-- Have the planner say whether an expression is volatile: then it does not pull up the sub-select.
--
-- lock: ACCESS SHARE on the source
-- runs: inside setup
EXPLAIN (FORMAT JSON, COSTS off)
SELECT q.x
FROM (
    SELECT (
        {{.Using}}
    ) AS x
    FROM {{.Source}} AS s
) AS q
WHERE q.x IS NOT NULL
