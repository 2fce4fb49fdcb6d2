-- define/existing.sql
-- Which of some roles, tablespaces, access methods and schemas there are.
--
-- lock: none
-- runs: anywhere
SELECT 'role' AS kind, r.rolname AS name FROM pg_catalog.pg_roles r WHERE r.rolname = ANY (@names::text[])
UNION ALL
SELECT 'tablespace', s.spcname FROM pg_catalog.pg_tablespace s WHERE s.spcname = ANY (@names::text[])
UNION ALL
SELECT 'access method', m.amname FROM pg_catalog.pg_am m WHERE m.amname = ANY (@names::text[])
UNION ALL
SELECT 'schema', n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY (@names::text[])
