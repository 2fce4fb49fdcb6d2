-- shadow/try_assign.sql
-- Assign a column of one table to one of another, to learn whether the server would convert it.
--
-- lock: ACCESS SHARE and ROW EXCLUSIVE on tables of the setup
-- runs: inside setup; only prepared
INSERT INTO {{.Into}} ({{.Column}})
OVERRIDING SYSTEM VALUE
SELECT {{.Value}}
FROM {{.From}} AS s
WHERE false
