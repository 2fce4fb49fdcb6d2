-- define/firing.sql
-- Read when a table's triggers and rules act, but for triggers that the server or repave made: of a partition,
-- those that it has from its table act as that has them.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere
SELECT 'trigger' AS kind, g.tgname AS name, g.tgenabled::text AS state
FROM pg_catalog.pg_trigger g
JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE g.tgrelid = @relation AND NOT g.tgisinternal AND g.tgparentid = 0 AND n.nspname <> @registry
UNION ALL
SELECT 'rule', w.rulename, w.ev_enabled::text
FROM pg_catalog.pg_rewrite w
WHERE w.ev_class = @relation
ORDER BY 1, 2
