-- across/missing_on_target.sql
-- List the privileges that the session's role lacks on the target: to create the tables, the registry and the
-- publication of the way back.
--
-- lock: none
-- runs: anywhere
WITH me AS (
    SELECT r.oid, pg_catalog.quote_ident(r.rolname) AS name
    FROM pg_catalog.pg_roles r
    WHERE r.rolname = current_user AND NOT r.rolsuper
)
SELECT DISTINCT p.what, p.cure
FROM me
CROSS JOIN LATERAL (
    SELECT v.privilege || ' on schema ' || pg_catalog.quote_ident(n.nspname) AS what,
        'GRANT ' || v.privilege || ' ON SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' TO ' || me.name AS cure
    FROM pg_catalog.pg_namespace n
    CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS v (privilege)
    WHERE (n.nspname = @registry OR n.nspname = ANY (@schemas)) AND NOT pg_catalog.has_schema_privilege(me.oid, n.oid, v.privilege)
    UNION ALL
    SELECT 'CREATE on database ' || pg_catalog.quote_ident(d.datname),
        'GRANT CREATE ON DATABASE ' || pg_catalog.quote_ident(d.datname) || ' TO ' || me.name
    FROM pg_catalog.pg_database d
    WHERE d.datname = pg_catalog.current_database() AND NOT pg_catalog.has_database_privilege(me.oid, d.oid, 'CREATE')
) p
ORDER BY p.what, p.cure
