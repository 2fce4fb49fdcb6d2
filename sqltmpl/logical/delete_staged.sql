-- logical/delete_staged.sql
-- First: delete what is gone and what is written anew, so that unique values are free before anybody takes them.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside an apply transaction
DELETE FROM {{.To}} AS t
USING {{.Stage}} AS s
WHERE s.{{.Op}} IN ('d', 'w'){{range .Keys}}
    AND t.{{.To}} {{.ToEq}} CAST(s.{{.From}} AS {{.ToType}}){{end}}
