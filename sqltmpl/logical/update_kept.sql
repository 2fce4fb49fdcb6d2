-- logical/update_kept.sql
-- Rows that were only updated, and of which the stream did not send the large values that stayed as they were.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside an apply transaction
UPDATE {{.To}} AS t
SET {{range $i, $c := .Updates}}{{if $i}},
    {{end}}{{$c.To}} = CASE WHEN n.repave_kept[{{$c.Place}}] THEN t.{{$c.To}} ELSE n.{{$c.Alias}} END{{end}}
FROM (
    SELECT s.{{.Kept}} AS repave_kept, {{range $i, $k := .Keys}}CAST(s.{{$k.From}} AS {{$k.ToType}}) AS repave_k{{$i}}, {{end}}{{range $i, $c := .Updates}}{{if $i}}, {{end}}{{$c.Value}} AS {{$c.Alias}}{{end}}
    FROM {{.Stage}} AS s
    WHERE s.{{.Op}} = 'k'
) AS n
WHERE {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}t.{{$k.To}} {{$k.ToEq}} n.repave_k{{$i}}{{end}}
