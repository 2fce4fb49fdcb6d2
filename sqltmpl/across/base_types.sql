-- across/base_types.sql
-- What each of a list of types is, or is a domain over: 0 for one that is not here.
--
-- lock: none
-- runs: anywhere
WITH RECURSIVE wanted AS (
    SELECT u.type, u.num
    FROM pg_catalog.unnest(@types::text[]) WITH ORDINALITY AS u (type, num)
), down AS (
    SELECT w.num, t.oid, t.typtype, t.typbasetype
    FROM wanted w
    JOIN pg_catalog.pg_type t ON t.oid = pg_catalog.to_regtype(w.type)
    UNION ALL
    SELECT down.num, t.oid, t.typtype, t.typbasetype
    FROM down
    JOIN pg_catalog.pg_type t ON t.oid = down.typbasetype
    WHERE down.typtype = 'd'
)
SELECT coalesce(down.oid, 0::oid)
FROM wanted w
LEFT JOIN down ON down.num = w.num AND down.typtype <> 'd'
ORDER BY w.num
