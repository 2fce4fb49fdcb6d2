-- layout/sample_rows.sql
-- Read what some rows take in each column: NULL is null, a negative number is that of a value that is compressed in place.
--
-- lock: ACCESS SHARE on the table
-- runs: anywhere; reads about @percent of the pages, and nothing of the TOAST table
SELECT ARRAY[
{{- range $i, $v := .Values}}{{if $i}},{{end}}
    {{- if $v.Absent}} NULL
    {{- else if $v.Fixed}} CASE WHEN s.{{$v.Column}} IS NULL THEN NULL ELSE 0 END
    {{- else if $v.Text}} pg_catalog.octet_length(CAST(s.{{$v.Column}} AS pg_catalog.text)) + 1
    {{- else if $v.Guess}} @guess::int4
    {{- else}} pg_catalog.pg_column_size(s.{{$v.Column}})
        * CASE WHEN pg_catalog.pg_column_compression(s.{{$v.Column}}) IS NULL THEN 1 ELSE -1 END
    {{- end}}
{{- end}}]::int4[]
FROM {{.Table}} AS s TABLESAMPLE SYSTEM (@percent::real) REPEATABLE (0)
WHERE @guess::int4 IS NOT NULL
LIMIT @limit::int8
