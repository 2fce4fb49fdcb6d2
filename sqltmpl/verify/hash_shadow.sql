-- verify/hash_shadow.sql
-- Hash the rows into 256 buckets, to find the few that differ: those of a range of the shadow's pages.
--
-- lock: ACCESS SHARE on the shadow
-- runs: inside a transaction with the shared snapshot
SELECT (h & 255)::int AS bucket, count(*) AS rows, pg_catalog.bit_xor(h) AS hash
FROM (
    SELECT pg_catalog.hash_record_extended(ROW({{range $i, $v := .ShadowHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) AS h
    FROM ONLY {{.Shadow}} AS t
    WHERE t.ctid >= pg_catalog.format('(%s,0)', @first::bigint)::pg_catalog.tid
        AND t.ctid < pg_catalog.format('(%s,0)', @next::bigint)::pg_catalog.tid{{if .Pending}}
    AND NOT EXISTS (SELECT FROM {{.Log}} AS l WHERE {{range $i, $k := .Keys}}{{if $i}} AND {{end}}t.{{$k.Shadow}} {{$k.ShadowEq}} (l.{{$k.Log}}){{$k.ShadowCast}}{{end}}){{end}}
) AS hashed
GROUP BY 1
