-- ordered/create_ranges.sql
-- Cut the order into ranges (pos, bound] at the keys of some rows. The first begins, and the last ends, with what there is.
--
-- lock: ACCESS SHARE on the source
-- runs: inside the transaction that plans the batches
CREATE TABLE {{.Ranges}} AS
WITH sample AS (
    SELECT {{range $i, $c := .Columns}}{{if $i}}, {{end}}s.{{$c}} AS k{{inc $i}}{{end}}
    FROM {{.Source}} AS s TABLESAMPLE SYSTEM ({{.Percent}})
),
tiles AS (
    SELECT sample.*, pg_catalog.ntile({{.Count}}) OVER (ORDER BY {{range $i, $c := .Columns}}{{if $i}}, {{end}}k{{inc $i}}{{end}}) AS tile
    FROM sample
),
cut AS (
    SELECT pg_catalog.row_number() OVER (ORDER BY {{range $i, $c := .Columns}}{{if $i}}, {{end}}k{{inc $i}}{{end}}) AS n, {{range $i, $c := .Columns}}{{if $i}}, {{end}}k{{inc $i}}{{end}}
    FROM (
        SELECT DISTINCT {{range $i, $c := .Columns}}{{if $i}}, {{end}}k{{inc $i}}{{end}}
        FROM (
            SELECT tiles.*, pg_catalog.row_number() OVER (PARTITION BY tile ORDER BY {{range $i, $c := .Columns}}{{if $i}}, {{end}}k{{inc $i}}{{end}}) AS place
            FROM tiles
        ) AS placed
        WHERE place = 1 AND tile > 1
    ) AS bounds
)
SELECT n::int4 AS range_number, n > 1 AS lower, true AS upper
    {{- range $i, $c := .Columns}}, pg_catalog.lag(k{{inc $i}}) OVER (ORDER BY n) AS pos_{{inc $i}}{{end}}
    {{- range $i, $c := .Columns}}, k{{inc $i}} AS bound_{{inc $i}}{{end}}
    {{- range $i, $c := .Columns}}, k{{inc $i}} AS step_{{inc $i}}{{end}}, false AS stepped
FROM cut
UNION ALL
SELECT (SELECT count(*) + 1 FROM cut)::int4, EXISTS (SELECT FROM cut), false
    {{- range $i, $c := .Columns}}, (SELECT k{{inc $i}} FROM cut ORDER BY n DESC LIMIT 1){{end}}
    {{- range .Columns}}, NULL{{end}}
    {{- range .Columns}}, NULL{{end}}, false
