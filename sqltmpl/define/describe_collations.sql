-- define/describe_collations.sql
-- Say what some collations are: who provides them, and if they tell all different texts apart.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere
SELECT q.name, CASE l.collprovider WHEN 'i' THEN 'ICU' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin' ELSE 'default' END
    || CASE WHEN l.collprovider = 'i' THEN ' ' || coalesce(j.doc ->> 'colllocale', j.doc ->> 'colliculocale', j.doc ->> 'collcollate', '') ELSE '' END
    || coalesce(' RULES ' || (j.doc ->> 'collicurules'), '')
    || CASE WHEN l.collisdeterministic THEN '' ELSE ', not deterministic' END AS definition
FROM pg_catalog.pg_collation l
JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
CROSS JOIN LATERAL (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname) AS name) q
CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(l) AS doc) j
WHERE q.name = ANY (@names::text[]) AND l.collencoding IN (-1, (
    SELECT d.encoding FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
