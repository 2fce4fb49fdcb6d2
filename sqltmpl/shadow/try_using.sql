-- shadow/try_using.sql
-- Compute a column of the shadow from no row at all, to have the server check the expression.
--
-- lock: ACCESS SHARE on the source
-- runs: inside setup; only prepared
--
-- In WHERE, too: there aggregates, window functions and sets are errors.
-- On a line of its own: the expression may end in a comment.
INSERT INTO {{.Shadow}} ({{.Column}})
OVERRIDING SYSTEM VALUE
SELECT (
    {{.Using}}
)
FROM {{.Source}} AS s
WHERE (
    {{.Using}}
) IS NULL AND false
