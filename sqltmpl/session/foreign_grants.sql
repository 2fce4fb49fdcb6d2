-- session/foreign_grants.sql
-- The statements that take from others what ALTER DEFAULT PRIVILEGES gave them on objects of ours: tables and
-- functions by name, and the schema itself.
--
-- lock: none
-- runs: inside the transaction that makes the objects
SELECT pg_catalog.format('REVOKE ALL ON %s %s FROM %s', o.kind, o.name,
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END)
FROM (
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
        pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relacl AS acl, c.relowner AS owner
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = @schema AND c.relname = ANY (@tables::text[]) AND c.relkind IN ('r', 'v', 'm', 'S')
    UNION ALL
    SELECT 'FUNCTION', p.oid::pg_catalog.regprocedure::text, p.proacl, p.proowner
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = @schema AND p.proname = ANY (@functions::text[])
    UNION ALL
    SELECT 'SCHEMA', pg_catalog.quote_ident(n.nspname), n.nspacl, n.nspowner
    FROM pg_catalog.pg_namespace n
    WHERE n.nspname = @schema AND @with_schema::boolean
) AS o
CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) AS a
WHERE a.grantee <> o.owner
GROUP BY o.kind, o.name, a.grantee
