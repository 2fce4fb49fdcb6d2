-- across/describe_values.sql
-- Read no rows, but learn the types of their values.
--
-- lock: ACCESS SHARE on the table
-- runs: anywhere
SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}
FROM ONLY {{.From}} AS s
LIMIT 0
