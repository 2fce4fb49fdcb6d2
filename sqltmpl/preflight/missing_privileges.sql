-- preflight/missing_privileges.sql
-- List the privileges a job on one table needs and the session's role lacks.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
--
-- A superuser lacks none. Owning means having the owner's privileges (USAGE), and
-- giving the shadow to the owner takes the right to become it: SET since PostgreSQL 16.
WITH me AS (
    SELECT r.oid, pg_catalog.quote_ident(r.rolname) AS name, r.rolinherit,
        pg_catalog.current_setting('server_version_num')::int4 >= 160000 AS has_set
    FROM pg_catalog.pg_roles r
    WHERE r.rolname = current_user AND NOT r.rolsuper
),
-- The table itself, and those that refer to it or that it refers to.
tables AS (
    SELECT c.oid, c.relowner, c.relnamespace, c.oid = @oid::oid AS itself,
        c.oid = ANY (@referencing::oid[]) AS referencing,
        pg_catalog.quote_ident(n.nspname) AS schema, pg_catalog.quote_ident(o.rolname) AS owner,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
    WHERE c.oid = @oid::oid OR c.oid = ANY (@referencing::oid[]) OR c.oid = ANY (@referenced::oid[])
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
    WHERE (t.itself OR t.referencing) AND NOT (
        pg_catalog.pg_has_role(me.oid, t.relowner, 'USAGE')
        AND pg_catalog.pg_has_role(me.oid, t.relowner, CASE WHEN me.has_set THEN 'SET' ELSE 'MEMBER' END))
    UNION ALL
    SELECT 'USAGE on schema ' || t.schema, 'GRANT USAGE ON SCHEMA ' || t.schema || ' TO ' || me.name
    FROM tables t
    WHERE NOT pg_catalog.has_schema_privilege(me.oid, t.relnamespace, 'USAGE')
    UNION ALL
    SELECT 'CREATE on schema ' || t.schema, 'GRANT CREATE ON SCHEMA ' || t.schema || ' TO ' || me.name
    FROM tables t
    WHERE t.itself AND NOT pg_catalog.has_schema_privilege(me.oid, t.relnamespace, 'CREATE')
    UNION ALL
    SELECT v.privilege || ' on schema ' || t.schema || ' for ' || t.owner || ', which owns ' || t.name,
        'GRANT ' || v.privilege || ' ON SCHEMA ' || t.schema || ' TO ' || t.owner
    FROM tables t
    CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS v (privilege)
    WHERE t.itself AND t.relowner <> me.oid
        AND NOT pg_catalog.has_schema_privilege(t.relowner, t.relnamespace, v.privilege)
    UNION ALL
    -- UPDATE is for row locks.
    SELECT v.privilege || ' on ' || t.name, 'GRANT ' || v.privilege || ' ON ' || t.name || ' TO ' || me.name
    FROM tables t
    CROSS JOIN (VALUES ('SELECT'), ('UPDATE'), ('TRIGGER'), ('REFERENCES')) AS v (privilege)
    WHERE t.itself AND NOT pg_catalog.has_table_privilege(me.oid, t.oid, v.privilege)
    UNION ALL
    SELECT 'REFERENCES on ' || t.name, 'GRANT REFERENCES ON ' || t.name || ' TO ' || me.name
    FROM pg_catalog.pg_constraint k
    JOIN tables t ON t.oid = k.confrelid
    WHERE k.conrelid = @oid::oid AND k.contype = 'f' AND NOT t.itself
        AND NOT pg_catalog.has_table_privilege(me.oid, t.oid, 'REFERENCES')
        AND EXISTS (
            SELECT FROM pg_catalog.unnest(k.confkey) AS n (num)
            WHERE NOT pg_catalog.has_column_privilege(me.oid, t.oid, n.num, 'REFERENCES'))
    UNION ALL
    SELECT 'CREATE on tablespace ' || pg_catalog.quote_ident(s.spcname),
        'GRANT CREATE ON TABLESPACE ' || pg_catalog.quote_ident(s.spcname) || ' TO ' || me.name
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace
    WHERE (c.oid = @oid::oid OR c.oid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = @oid::oid))
        AND NOT pg_catalog.has_tablespace_privilege(me.oid, s.oid, 'CREATE')
    UNION ALL
    SELECT 'USAGE on type ' || pg_catalog.format_type(t.oid, NULL),
        'GRANT USAGE ON TYPE ' || pg_catalog.format_type(t.oid, NULL) || ' TO ' || me.name
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type u ON u.oid = a.atttypid
    JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN u.typelem <> 0 AND u.typlen = -1 THEN u.typelem ELSE u.oid END
    WHERE a.attrelid = @oid::oid AND a.attnum > 0 AND NOT pg_catalog.has_type_privilege(me.oid, t.oid, 'USAGE')
    UNION ALL
    SELECT 'USAGE on schema ' || pg_catalog.quote_ident(n.nspname),
        'GRANT USAGE ON SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' TO ' || me.name
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE a.attrelid = @oid::oid AND a.attnum > 0 AND NOT pg_catalog.has_schema_privilege(me.oid, n.oid, 'USAGE')
    UNION ALL
    SELECT v.privilege || ' on schema ' || pg_catalog.quote_ident(n.nspname),
        'GRANT ' || v.privilege || ' ON SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' TO ' || me.name
    FROM pg_catalog.pg_namespace n
    CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS v (privilege)
    WHERE n.nspname = @registry AND NOT pg_catalog.has_schema_privilege(me.oid, n.oid, v.privilege)
    UNION ALL
    SELECT v.privilege || ' on database ' || pg_catalog.quote_ident(d.datname),
        'GRANT ' || v.privilege || ' ON DATABASE ' || pg_catalog.quote_ident(d.datname) || ' TO ' || me.name
    FROM pg_catalog.pg_database d
    CROSS JOIN (VALUES ('CREATE'), ('TEMPORARY')) AS v (privilege)
    WHERE d.datname = pg_catalog.current_database()
        AND NOT pg_catalog.has_database_privilege(me.oid, d.oid, v.privilege)
        -- A registry that is there need not be created.
        AND NOT (v.privilege = 'CREATE' AND EXISTS (
            SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = @registry))
) p
ORDER BY p.what, p.cure
