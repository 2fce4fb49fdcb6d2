-- logical/insert_staged.sql
-- Last: write rows anew.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside an apply transaction
INSERT INTO {{.To}} ({{.Insert}})
OVERRIDING SYSTEM VALUE
SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}
FROM {{.Stage}} AS s
WHERE s.{{.Op}} = 'w'
