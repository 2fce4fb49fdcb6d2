-- cutover/list_awake.sql
-- List what acts on changes that are applied to tables and their partitions, although session_replication_role is replica: triggers and
-- rules that are ENABLE ALWAYS or ENABLE REPLICA, but for repave's own; tables before their partitions. A trigger that a partition has from its table,
-- and that is switched as there, is switched with it.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere
WITH tables AS (
    SELECT t.oid, 0 AS level FROM pg_catalog.unnest(@oids::oid[]) AS t (oid)
    UNION
    SELECT p.relid, p.level FROM pg_catalog.unnest(@oids::oid[]) AS t (oid), pg_catalog.pg_partition_tree(t.oid) AS p
)
SELECT f.kind, f.object, n.nspname AS schema, c.relname AS relation, f.name, f.state
FROM (
    SELECT t.level, t.oid AS relid, 'trigger' AS kind, g.oid AS object, g.tgname AS name, g.tgenabled::text AS state
    FROM tables t
    JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.oid
    LEFT JOIN pg_catalog.pg_trigger above ON above.oid = g.tgparentid
    WHERE g.tgenabled IN ('A', 'R') AND above.tgenabled IS DISTINCT FROM g.tgenabled
    UNION ALL
    SELECT t.level, t.oid, 'rule', w.oid, w.rulename, w.ev_enabled::text
    FROM tables t
    JOIN pg_catalog.pg_rewrite w ON w.ev_class = t.oid
    WHERE w.ev_enabled IN ('A', 'R')
) AS f
JOIN pg_catalog.pg_class c ON c.oid = f.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE f.name NOT LIKE 'repave\_%'
ORDER BY f.level, f.relid, f.kind, f.name
