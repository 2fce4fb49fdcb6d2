-- shadow/number_span.sql
-- The least and the greatest number that rows have in the column to partition by, without fractions.
--
-- lock: ACCESS SHARE on the source
-- runs: inside setup; reads all rows if no index gives the answer
SELECT pg_catalog.floor(pg_catalog.min(q.v)::numeric)::text AS first,
    pg_catalog.floor(pg_catalog.max(q.v)::numeric)::text AS last
FROM (
    SELECT {{.Value}} AS v
    FROM {{.Source}} AS s
) AS q
{{- if .Infinite}}
WHERE q.v > '-Infinity'
    AND q.v < 'Infinity'{{end}}
