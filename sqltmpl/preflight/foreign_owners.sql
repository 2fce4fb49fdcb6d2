-- preflight/foreign_owners.sql
-- List the relations among some whose owner the session's role can't act for.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS what,
    pg_catalog.format('GRANT %I TO %I', pg_catalog.pg_get_userbyid(c.relowner), current_user) AS cure
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY (@oids::oid[]) AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
ORDER BY 1
