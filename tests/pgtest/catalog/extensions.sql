SELECT 'extension ' || quote_ident(e.extname), jsonb_build_object(
    'version', e.extversion,
    'schema', (SELECT nspname FROM pg_namespace WHERE oid = e.extnamespace))
FROM pg_extension e
UNION ALL
-- ALTER .. DEPENDS ON EXTENSION, and tables that are part of one.
SELECT format('extension %I and %s %s', e.extname, i.type, i.identity), jsonb_build_object('dependency', d.deptype)
FROM pg_depend d
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
CROSS JOIN pg_identify_object(d.classid, d.objid, d.objsubid) i
WHERE d.deptype = 'x'
    OR d.deptype = 'e' AND d.classid = 'pg_class'::regclass
