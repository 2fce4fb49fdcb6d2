-- ordered/set_step.sql
-- Find the key that ends the next step through a range: that of the @size-th row from here on, if there are as many.
--
-- lock: ACCESS SHARE on the source
-- runs: inside the batch transaction
UPDATE {{.Ranges}} AS o
SET ({{range $i, $c := .Columns}}{{if $i}}, {{end}}step_{{inc $i}}{{end}}, stepped) = (
    SELECT {{range $i, $c := .Columns}}{{if $i}}, {{end}}found.k{{inc $i}}{{end}}, found.there
    FROM (SELECT) AS one
    LEFT JOIN LATERAL (
        SELECT {{range $i, $c := .Columns}}{{if $i}}, {{end}}s.{{$c}} AS k{{inc $i}}{{end}}, true AS there
        FROM {{.Source}} AS s
        WHERE true
            {{- if .Lower}}
            AND ({{range $i, $c := .Columns}}{{if $i}}, {{end}}s.{{$c}}{{end}})
                > ({{range $i, $c := .Columns}}{{if $i}}, {{end}}(SELECT r.pos_{{inc $i}} FROM {{$.Ranges}} AS r WHERE r.range_number = @range){{end}})
            {{- end}}
            {{- if .Upper}}
            AND ({{range $i, $c := .Columns}}{{if $i}}, {{end}}s.{{$c}}{{end}})
                <= ({{range $i, $c := .Columns}}{{if $i}}, {{end}}(SELECT r.bound_{{inc $i}} FROM {{$.Ranges}} AS r WHERE r.range_number = @range){{end}})
            {{- end}}
        ORDER BY {{range $i, $c := .Columns}}{{if $i}}, {{end}}s.{{$c}}{{end}}
        OFFSET @size::int8
        LIMIT 1
    ) AS found ON true
)
WHERE o.range_number = @range
RETURNING coalesce(o.stepped, false) AS stepped
