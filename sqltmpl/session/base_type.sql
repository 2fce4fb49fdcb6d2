-- session/base_type.sql
-- The type that a domain is over, at the bottom; any other type as it is.
--
-- lock: none
-- runs: anywhere
WITH RECURSIVE down AS (
    SELECT t.oid, t.typtype, t.typbasetype, 0 AS depth
    FROM pg_catalog.pg_type t
    WHERE t.oid = pg_catalog.to_regtype(@type)
    UNION ALL
    SELECT t.oid, t.typtype, t.typbasetype, down.depth + 1
    FROM down
    JOIN pg_catalog.pg_type t ON t.oid = down.typbasetype
    WHERE down.typtype = 'd'
)
SELECT CASE WHEN depth = 0 THEN @type ELSE pg_catalog.format_type(oid, NULL) END
FROM down
ORDER BY depth DESC
LIMIT 1
