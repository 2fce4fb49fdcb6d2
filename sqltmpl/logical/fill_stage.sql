-- logical/fill_stage.sql
-- Stage changes.
--
-- lock: none on users' tables
-- runs: inside an apply transaction
COPY {{.Stage}} ({{.Op}}, {{.Kept}}{{range .Columns}}, {{.Name}}{{end}})
FROM STDIN WITH (FORMAT text, ENCODING 'UTF8')
