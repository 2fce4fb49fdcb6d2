-- cutover/list_orphans.sql
-- What jobs across clusters have made outside the registry's schema, by the names that they give, with what drops it.
--
-- lock: none
-- runs: anywhere
SELECT kind, name, mark, undo
FROM (
    SELECT 'replication slot' AS kind, slot_name::text AS name, slot_name::text AS full_name,
        pg_catalog.format('SELECT pg_catalog.pg_drop_replication_slot(%L)', slot_name) AS undo
    FROM pg_catalog.pg_replication_slots
    WHERE database = pg_catalog.current_database()
    UNION ALL
    SELECT 'publication', pubname::text, pubname::text, pg_catalog.format('DROP PUBLICATION %I', pubname)
    FROM pg_catalog.pg_publication
    UNION ALL
    SELECT 'fence', p.oid::pg_catalog.regprocedure::text, p.proname::text,
        pg_catalog.format('DROP FUNCTION %s CASCADE', p.oid::pg_catalog.regprocedure)
    FROM pg_catalog.pg_proc p
    WHERE p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype
    UNION ALL
    SELECT 'table', c.oid::pg_catalog.regclass::text, c.relname::text,
        CASE WHEN c.relname LIKE '%\_stilled' -- triggers and rules are switched as it has them
            THEN pg_catalog.format('DO %L', pg_catalog.format(
                'DECLARE s text; BEGIN FOR s IN SELECT restore FROM %1$s LOOP EXECUTE s; END LOOP; DROP TABLE %1$s; END', c.oid::pg_catalog.regclass))
            ELSE pg_catalog.format('DROP TABLE %s', c.oid::pg_catalog.regclass) END
    FROM pg_catalog.pg_class c
    WHERE c.relkind = 'r'
) AS found
CROSS JOIN LATERAL (
    SELECT pg_catalog.substring(full_name, '^(repave_[0-9]+_[0-9a-f]{8})_(?:forward|backward|verify|fence|applied|stilled)$') AS mark
) AS marked
WHERE mark IS NOT NULL
ORDER BY kind, name
