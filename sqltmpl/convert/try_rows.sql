-- convert/try_rows.sql
-- Try to convert a column of the rows of some pages, and name the keys of those that fail.
--
-- lock: ACCESS SHARE on the source
-- runs: inside a transaction that is rolled back
SELECT count(*) AS rows, count(problem) AS failures,
    coalesce((pg_catalog.array_agg(key) FILTER (WHERE problem IS NOT NULL))[1:@limit::int4], '{}') AS keys,
    coalesce((pg_catalog.array_agg(problem) FILTER (WHERE problem IS NOT NULL))[1:@limit::int4], '{}') AS problems
FROM (
    SELECT pg_catalog.concat_ws(', '{{range .Keys}}, s.{{.}}::text{{end}}) AS key,
        pg_temp.{{.Function}}({{if .Column}}s.{{.Column}}{{else}}s.*{{end}}) AS problem
    FROM {{.Source}} AS s
    WHERE s.ctid >= pg_catalog.format('(%s,0)', @first::bigint)::pg_catalog.tid
        AND s.ctid < pg_catalog.format('(%s,0)', @next::bigint)::pg_catalog.tid
    OFFSET 0
) AS tried
