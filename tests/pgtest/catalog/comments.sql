SELECT format('comment on %s %s', i.type, i.identity), jsonb_build_object('text', d.description)
FROM pg_description d
CROSS JOIN pg_identify_object(d.classoid, d.objoid, d.objsubid) i
-- These belong to a table and have no schema of their own.
LEFT JOIN (
    SELECT 'pg_trigger'::regclass AS class, oid, tgrelid AS relation FROM pg_trigger
    UNION ALL
    SELECT 'pg_policy'::regclass, oid, polrelid FROM pg_policy
    UNION ALL
    SELECT 'pg_rewrite'::regclass, oid, ev_class FROM pg_rewrite
) AS part ON part.class = d.classoid AND part.oid = d.objoid
LEFT JOIN pg_class c ON c.oid = part.relation
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
-- 16384 is the first object that is not the system's.
WHERE (d.objoid >= 16384 OR i.type = 'schema' AND i.name = 'public')
    AND coalesce(i.schema, n.nspname, CASE WHEN i.type = 'schema' THEN i.name END, '') <> ALL (@except)
