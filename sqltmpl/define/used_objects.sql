-- define/used_objects.sql
-- The functions, operators, operator classes, collations and types that a table, its indexes, constraints, defaults,
-- triggers and policies use, but for PostgreSQL's own.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere with an empty search_path
WITH own AS (
    SELECT 'pg_catalog.pg_class'::regclass AS classid, @relation::oid AS objid
    UNION ALL
    SELECT 'pg_catalog.pg_class'::regclass, i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = @relation::oid
    UNION ALL
    SELECT 'pg_catalog.pg_attrdef'::regclass, f.oid FROM pg_catalog.pg_attrdef f WHERE f.adrelid = @relation::oid
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::regclass, k.oid FROM pg_catalog.pg_constraint k WHERE k.conrelid = @relation::oid
    UNION ALL
    SELECT 'pg_catalog.pg_trigger'::regclass, g.oid FROM pg_catalog.pg_trigger g
    WHERE g.tgrelid = @relation::oid AND NOT g.tgisinternal
    UNION ALL
    SELECT 'pg_catalog.pg_policy'::regclass, p.oid FROM pg_catalog.pg_policy p WHERE p.polrelid = @relation::oid
    UNION ALL
    SELECT 'pg_catalog.pg_statistic_ext'::regclass, s.oid FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = @relation::oid
    UNION ALL
    SELECT 'pg_catalog.pg_rewrite'::regclass, w.oid FROM pg_catalog.pg_rewrite w WHERE w.ev_class = @relation::oid
)
SELECT DISTINCT i.type, i.identity, CASE WHEN d.refclassid = 'pg_catalog.pg_type'::regclass THEN d.refobjid ELSE 0 END AS type_oid,
    coalesce(x.extname, '') AS extension
FROM own o
JOIN pg_catalog.pg_depend d ON d.classid = o.classid AND d.objid = o.objid
    AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass, 'pg_catalog.pg_opclass'::regclass,
        'pg_catalog.pg_collation'::regclass, 'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_ts_config'::regclass)
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.refclassid, d.refobjid, 0) i
LEFT JOIN pg_catalog.pg_depend e ON e.classid = d.refclassid AND e.objid = d.refobjid AND e.deptype = 'e'
    AND e.refclassid = 'pg_catalog.pg_extension'::regclass
LEFT JOIN pg_catalog.pg_extension x ON x.oid = e.refobjid
WHERE NOT (d.refclassid = 'pg_catalog.pg_proc'::regclass AND EXISTS (
    -- repave's own triggers
    SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid = d.refobjid AND n.nspname = @registry))
ORDER BY i.type, i.identity
