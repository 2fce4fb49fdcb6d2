-- define/present_objects.sql
-- Which of some functions, operators, operator classes, collations and configurations there are.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere with an empty search_path
SELECT i.identity AS name
FROM (
    SELECT 'pg_catalog.pg_proc'::regclass AS classid, p.oid FROM pg_catalog.pg_proc p WHERE p.oid >= @first_user_oid::oid
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::regclass, o.oid FROM pg_catalog.pg_operator o WHERE o.oid >= @first_user_oid::oid
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::regclass, o.oid FROM pg_catalog.pg_opclass o WHERE o.oid >= @first_user_oid::oid
    UNION ALL
    -- initdb takes in what the system has.
    SELECT 'pg_catalog.pg_collation'::regclass, l.oid FROM pg_catalog.pg_collation l
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::regclass, t.oid FROM pg_catalog.pg_ts_config t
) u
CROSS JOIN LATERAL pg_catalog.pg_identify_object(u.classid, u.oid, 0) i
WHERE i.identity = ANY (@names::text[])
