-- shadow/time_span.sql
-- The first and the last moment that rows have in the column to partition by, and now: as local times, or in UTC. Values
-- that no calendar has are for the default partition.
--
-- lock: ACCESS SHARE on the source
-- runs: inside setup; reads all rows if no index gives the answer
SELECT (pg_catalog.min(q.v){{if .UTC}} AT TIME ZONE 'UTC'{{end}})::timestamp AS first,
    (pg_catalog.max(q.v){{if .UTC}} AT TIME ZONE 'UTC'{{end}})::timestamp AS last,
    (pg_catalog.now(){{if .UTC}} AT TIME ZONE 'UTC'{{end}})::timestamp AS now
FROM (
    SELECT {{.Value}} AS v
    FROM {{.Source}} AS s
) AS q
WHERE q.v >= '0001-01-01'
    AND q.v < '9999-01-01'
