-- preflight/find_child_problems.sql
-- Find what keeps tables that inherit from one from being given another parent of its name.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
WITH children AS (
    SELECT c.oid, c.relkind, c.relpersistence,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY (@children::oid[])
)
SELECT 'child ' || c.name || ' is a foreign table, which can''t be locked' AS what,
    'ALTER FOREIGN TABLE ' || c.name || ' NO INHERIT ' || @parent || '; -- and INHERIT again after the swap' AS cure
FROM children c WHERE c.relkind = 'f'
UNION ALL
SELECT 'child ' || c.name || ' is temporary, and only its own session can change it',
    'DROP TABLE ' || c.name || '; -- in its own session'
FROM children c WHERE c.relpersistence = 't'
UNION ALL
-- INHERIT wants to know that the child's rows satisfy what the parent's do.
SELECT 'constraint ' || pg_catalog.quote_ident(k.conname) || ' of child ' || c.name || ', which its parents have too, is NOT VALID',
    pg_catalog.format('ALTER TABLE %s VALIDATE CONSTRAINT %I', c.name, k.conname)
FROM children c
JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('c', 'n') AND k.coninhcount > 0
WHERE NOT k.convalidated
    AND coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::bool, true) -- PostgreSQL 18
UNION ALL
-- Parents that come after the table are left and joined again, too.
SELECT DISTINCT 'child ' || c.name || ' has another parent, ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.relname)
    || ', with an owner that this role can''t act for',
    pg_catalog.format('GRANT %I TO %I', pg_catalog.pg_get_userbyid(p.relowner), current_user)
FROM children c
JOIN pg_catalog.pg_inherits own ON own.inhrelid = c.oid AND own.inhparent = @oid::oid
JOIN pg_catalog.pg_inherits h ON h.inhrelid = c.oid AND h.inhseqno > own.inhseqno
JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
WHERE NOT pg_catalog.pg_has_role(p.relowner, 'USAGE')
ORDER BY 1
