-- logical/read_kept.sql
-- The values that a row has now.
--
-- lock: ACCESS SHARE on the table
-- runs: inside an apply transaction
SELECT {{range $i, $c := .Plain}}{{if $i}}, {{end}}t.{{$c}}{{end}}
FROM {{.To}} AS t
WHERE {{range $i, $k := .Keys}}{{if $i}}
    AND {{end}}t.{{$k.To}} {{$k.ToEq}} CAST(CAST(CAST(${{inc $i}} AS text) AS {{$k.FromType}}) AS {{$k.ToType}}){{end}}
