-- across/missing_on_target.sql
-- List the privileges that the session's role lacks on the target: to create the tables, to give them to who owns them on
-- the source if there is such a role, for the registry and for the publication of the way back.
--
-- lock: none
-- runs: anywhere
WITH me AS (
    SELECT r.oid, pg_catalog.quote_ident(r.rolname) AS name, r.rolinherit,
        pg_catalog.current_setting('server_version_num')::int4 >= 160000 AS has_set
    FROM pg_catalog.pg_roles r
    WHERE r.rolname = current_user AND NOT r.rolsuper
),
owners AS (
    SELECT r.oid, pg_catalog.quote_ident(r.rolname) AS name, n.oid AS namespace, pg_catalog.quote_ident(n.nspname) AS schema
    FROM ROWS FROM (pg_catalog.unnest(@owners::text[]), pg_catalog.unnest(@schemas::text[])) AS t (owner, schema)
    JOIN pg_catalog.pg_roles r ON r.rolname = t.owner
    JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema
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
    SELECT 'membership in ' || o.name || ', which is to own tables there',
        'GRANT ' || o.name || ' TO ' || me.name || CASE
            WHEN me.has_set THEN ' WITH INHERIT TRUE, SET TRUE'
            WHEN NOT me.rolinherit THEN '; ALTER ROLE ' || me.name || ' INHERIT'
            ELSE '' END
    FROM owners o
    WHERE NOT (pg_catalog.pg_has_role(me.oid, o.oid, 'USAGE')
        AND pg_catalog.pg_has_role(me.oid, o.oid, CASE WHEN me.has_set THEN 'SET' ELSE 'MEMBER' END))
    UNION ALL
    SELECT v.privilege || ' on schema ' || o.schema || ' for ' || o.name || ', which is to own tables there',
        'GRANT ' || v.privilege || ' ON SCHEMA ' || o.schema || ' TO ' || o.name
    FROM owners o
    CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS v (privilege)
    WHERE o.oid <> me.oid AND NOT pg_catalog.has_schema_privilege(o.oid, o.namespace, v.privilege)
    UNION ALL
    SELECT 'CREATE on database ' || pg_catalog.quote_ident(d.datname),
        'GRANT CREATE ON DATABASE ' || pg_catalog.quote_ident(d.datname) || ' TO ' || me.name
    FROM pg_catalog.pg_database d
    WHERE d.datname = pg_catalog.current_database() AND NOT pg_catalog.has_database_privilege(me.oid, d.oid, 'CREATE')
) p
ORDER BY p.what, p.cure
