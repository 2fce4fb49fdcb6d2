-- define/used_sequences.sql
-- The sequences that a table's defaults read and that none of its columns owns.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere
SELECT DISTINCT n.nspname AS schema, c.relname AS name, c.relpersistence = 'u' AS unlogged,
    pg_catalog.pg_get_userbyid(c.relowner) AS owner, pg_catalog.format_type(q.seqtypid, NULL) AS type,
    q.seqstart AS start, q.seqmin AS min, q.seqmax AS max, q.seqincrement AS increment, q.seqcache AS cache,
    q.seqcycle AS cycle, coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') AS comment,
    CASE WHEN c.relacl IS NOT NULL THEN coalesce((
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'grantor', pg_catalog.pg_get_userbyid(x.grantor), 'privilege', x.privilege_type, 'grantable', x.is_grantable,
            'grantee', CASE WHEN x.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END) ORDER BY x.ordinality)
        FROM pg_catalog.aclexplode(c.relacl) WITH ORDINALITY AS x
    ), '[]')::text ELSE 'null' END AS grants
FROM pg_catalog.pg_attrdef f
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
JOIN pg_catalog.pg_class c ON d.refclassid = 'pg_catalog.pg_class'::regclass AND c.oid = d.refobjid AND c.relkind = 'S'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_sequence q ON q.seqrelid = c.oid
WHERE f.adrelid = @relation AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend o
    WHERE o.classid = 'pg_catalog.pg_class'::regclass AND o.objid = c.oid
        AND o.refclassid = 'pg_catalog.pg_class'::regclass AND o.refobjid = f.adrelid)
ORDER BY n.nspname, c.relname
