-- across/list_shadow_keys.sql
-- List the keys of the shadow's rows in some buckets, with their hash, in the order of their bytes.
--
-- lock: ACCESS SHARE on the shadow
-- runs: inside a transaction with the shared snapshot
SELECT key, h
FROM (
    SELECT pg_catalog.convert_to(pg_catalog.concat_ws(', ' {{range .Keys}}, t.{{.Shadow}}::text{{end}}), 'UTF8') AS key,
        pg_catalog.hash_record_extended(ROW({{range $i, $v := .ShadowHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) AS h
    FROM {{.Shadow}} AS t
) AS hashed
WHERE (h & 255)::int = ANY (@buckets)
ORDER BY key, h
