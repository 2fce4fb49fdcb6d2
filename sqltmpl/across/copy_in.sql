-- across/copy_in.sql
-- Take rows as the other cluster sends them. COPY writes GENERATED ALWAYS identity columns as they come.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside the batch transaction
COPY {{.To}} ({{.Insert}}) FROM STDIN WITH (FORMAT {{if .Binary}}binary{{else}}text{{end}}, ENCODING 'UTF8')
