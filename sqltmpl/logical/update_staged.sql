-- logical/update_staged.sql
-- Second: rows that were only updated. Where no indexed value is another one, indexes stay as they are. The values are made
-- in a query of their own, where an expression's names can only be those of the row.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside an apply transaction
UPDATE {{.To}} AS t
SET {{range $i, $c := .Updates}}{{if $i}},
    {{end}}{{$c.To}} = n.{{$c.Alias}}{{end}}
FROM (
    SELECT {{range $i, $k := .Keys}}CAST(s.{{$k.From}} AS {{$k.ToType}}) AS repave_k{{$i}}, {{end}}{{range $i, $c := .Updates}}{{if $i}}, {{end}}{{$c.Value}} AS {{$c.Alias}}{{end}}
    FROM {{.Stage}} AS s
    WHERE s.{{.Op}} = 'u'
) AS n
WHERE {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}t.{{$k.To}} {{$k.ToEq}} n.repave_k{{$i}}{{end}}
