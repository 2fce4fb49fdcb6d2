-- shadow/partition_triggers.sql
-- List the triggers of a table that would do something else on a partitioned one: row triggers with transition tables, which
-- it can't have, and those that run before a row is written and may set a column that says which partition it belongs to,
-- as far as the text of their functions tells: PostgreSQL refuses to move the row then.
-- https://www.postgresql.org/docs/current/sql-createtrigger.html
--
-- lock: none
-- runs: anywhere
WITH mention AS (
    SELECT '(^|\W)(' || string_agg(regexp_replace(c, '[][().*+?^${}|\\]', '\\\&', 'g'), '|') || ')(\W|$)' AS pattern
    FROM unnest(@columns::text[]) c)
SELECT g.tgname AS name, g.tgoldtable IS NOT NULL OR g.tgnewtable IS NOT NULL AS transition
FROM pg_catalog.pg_trigger g
CROSS JOIN mention m
JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE g.tgrelid = @oid AND NOT g.tgisinternal AND g.tgtype & 1 = 1 -- FOR EACH ROW
AND (g.tgoldtable IS NOT NULL OR g.tgnewtable IS NOT NULL
    OR g.tgtype & 2 = 2 AND g.tgtype & 20 <> 0 -- BEFORE INSERT OR UPDATE
    AND (encode(g.tgargs, 'escape') ~* m.pattern
        OR CASE l.lanname
            WHEN 'plpgsql' THEN p.prosrc ~* m.pattern OR p.prosrc ~* '\mnew\s*:?=|\minto\s+(strict\s+)?new\M'
            ELSE l.lanname NOT IN ('internal', 'c') END))
ORDER BY g.tgname
