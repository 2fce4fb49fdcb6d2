-- logical/stage_types.sql
-- The types to stage values in: what a domain is over, since its NOT NULL would refuse rows that have only a key; any other type
-- as it is.
--
-- lock: none
-- runs: anywhere, with an empty search_path
WITH RECURSIVE asked AS (
    SELECT a.type, a.place, pg_catalog.to_regtype(a.type)::oid AS oid
    FROM pg_catalog.unnest(@types::text[]) WITH ORDINALITY AS a (type, place)
),
down AS (
    SELECT a.place, t.oid, t.typtype, t.typbasetype, t.typtypmod AS modifier, 0 AS depth
    FROM asked AS a
    JOIN pg_catalog.pg_type AS t ON t.oid = a.oid
    UNION ALL
    SELECT d.place, t.oid, t.typtype, t.typbasetype,
        CASE WHEN d.modifier < 0 AND t.typtype = 'd' THEN t.typtypmod ELSE d.modifier END, d.depth + 1
    FROM down AS d
    JOIN pg_catalog.pg_type AS t ON t.oid = d.typbasetype
    WHERE d.typtype = 'd'
)
SELECT coalesce((
    SELECT pg_catalog.format_type(d.oid, d.modifier)
    FROM down AS d
    WHERE d.place = a.place AND d.depth > 0
    ORDER BY d.depth DESC
    LIMIT 1
), a.type)
FROM asked AS a
ORDER BY a.place
