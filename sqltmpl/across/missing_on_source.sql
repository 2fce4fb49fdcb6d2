-- across/missing_on_source.sql
-- List the privileges that the session's role lacks on the source: to read the tables, publish them, fence them, and
-- write them on the way back.
--
-- lock: none
-- runs: anywhere
WITH me AS (
    SELECT r.oid, pg_catalog.quote_ident(r.rolname) AS name, r.rolinherit,
        pg_catalog.current_setting('server_version_num')::int4 >= 160000 AS has_set
    FROM pg_catalog.pg_roles r
    WHERE r.rolname = current_user AND NOT r.rolsuper
),
tables AS (
    SELECT c.oid, c.relowner, c.relnamespace, pg_catalog.quote_ident(n.nspname) AS schema, pg_catalog.quote_ident(o.rolname) AS owner,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
    WHERE c.oid = ANY (@oids::oid[])
)
SELECT DISTINCT p.what, p.cure
FROM me
CROSS JOIN LATERAL (
    SELECT 'membership in ' || t.owner || ', which owns ' || t.name AS what,
        'GRANT ' || t.owner || ' TO ' || me.name || CASE
            WHEN me.has_set THEN ' WITH INHERIT TRUE, SET TRUE'
            WHEN NOT me.rolinherit THEN '; ALTER ROLE ' || me.name || ' INHERIT'
            ELSE '' END AS cure
    FROM tables t
    WHERE NOT (pg_catalog.pg_has_role(me.oid, t.relowner, 'USAGE')
        AND pg_catalog.pg_has_role(me.oid, t.relowner, CASE WHEN me.has_set THEN 'SET' ELSE 'MEMBER' END))
    UNION ALL
    SELECT 'USAGE on schema ' || t.schema, 'GRANT USAGE ON SCHEMA ' || t.schema || ' TO ' || me.name
    FROM tables t
    WHERE NOT pg_catalog.has_schema_privilege(me.oid, t.relnamespace, 'USAGE')
    UNION ALL
    SELECT v.privilege || ' on ' || t.name, 'GRANT ' || v.privilege || ' ON ' || t.name || ' TO ' || me.name
    FROM tables t
    CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) AS v (privilege)
    -- What the owner may do the membership gives.
    WHERE NOT pg_catalog.has_table_privilege(me.oid, t.oid, v.privilege)
        AND NOT pg_catalog.has_table_privilege(t.relowner, t.oid, v.privilege)
    UNION ALL
    SELECT v.privilege || ' on schema ' || pg_catalog.quote_ident(n.nspname),
        'GRANT ' || v.privilege || ' ON SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' TO ' || me.name
    FROM pg_catalog.pg_namespace n
    CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS v (privilege)
    WHERE n.nspname = @registry AND NOT pg_catalog.has_schema_privilege(me.oid, n.oid, v.privilege)
    UNION ALL
    -- For the publication, and the schema of the fence's functions.
    SELECT 'CREATE on database ' || pg_catalog.quote_ident(d.datname),
        'GRANT CREATE ON DATABASE ' || pg_catalog.quote_ident(d.datname) || ' TO ' || me.name
    FROM pg_catalog.pg_database d
    WHERE d.datname = pg_catalog.current_database() AND NOT pg_catalog.has_database_privilege(me.oid, d.oid, 'CREATE')
) p
ORDER BY p.what, p.cure
