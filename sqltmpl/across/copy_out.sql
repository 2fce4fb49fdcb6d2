-- across/copy_out.sql
-- Send the rows of a range of pages as the other cluster's table takes them. COPY takes no parameters.
--
-- lock: ACCESS SHARE on the table
-- runs: inside a transaction with the snapshot to copy
COPY (
    SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}
    FROM ONLY {{.From}} AS s
    WHERE s.ctid >= '({{.First}},0)'::pg_catalog.tid AND s.ctid < '({{.Next}},0)'::pg_catalog.tid
) TO STDOUT WITH (FORMAT {{if .Binary}}binary{{else}}text{{end}}, ENCODING 'UTF8')
