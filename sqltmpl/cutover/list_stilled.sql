-- cutover/list_stilled.sql
-- List the triggers and rules that are kept still, tables before their partitions. Those that somebody dropped, or switched on himself, are not.
--
-- lock: ACCESS SHARE on the table
-- runs: anywhere
SELECT s.kind, s.object, n.nspname AS schema, c.relname AS relation, coalesce(g.tgname, w.rulename) AS name, s.state
FROM {{.Table}} s
LEFT JOIN pg_catalog.pg_trigger g ON s.kind = 'trigger' AND g.oid = s.object AND g.tgenabled = 'D'
LEFT JOIN pg_catalog.pg_rewrite w ON s.kind = 'rule' AND w.oid = s.object AND w.ev_enabled = 'D'
JOIN pg_catalog.pg_class c ON c.oid = coalesce(g.tgrelid, w.ev_class)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY (SELECT count(*) FROM pg_catalog.pg_partition_ancestors(c.oid)), c.oid, s.kind, name
