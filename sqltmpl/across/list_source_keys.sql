-- across/list_source_keys.sql
-- List the keys of the source's rows in some buckets, with the hash of what they should be, in the order of their bytes.
--
-- lock: ACCESS SHARE on the source
-- runs: inside a transaction with the shared snapshot
SELECT key, h
FROM (
    SELECT pg_catalog.convert_to(pg_catalog.concat_ws(', ' {{range .Keys}}, ((s.{{.Source}}){{.ShadowCast}})::text{{end}}), 'UTF8') AS key,
        pg_catalog.hash_record_extended(ROW({{range $i, $v := .SourceHash}}{{if $i}}, {{end}}{{$v}}{{end}}), 0) AS h
    FROM {{.Source}} AS s
) AS hashed
WHERE (h & 255)::int = ANY (@buckets)
ORDER BY key, h
