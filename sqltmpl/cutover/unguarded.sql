-- cutover/unguarded.sql
-- List the constraints of tables, and the foreign keys to them, that are not looked at while session_replication_role is replica:
-- triggers see to them. For a foreign key, what is true of a row aliased c that breaks it.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere
SELECT k.contype::text AS kind, k.conname AS name, n.nspname AS schema, r.relname AS relation,
    pg_catalog.pg_get_constraintdef(k.oid) AS def, k.convalidated AS valid,
    coalesce((
        SELECT pg_catalog.string_agg(pg_catalog.format('c.%I IS NOT NULL', a.attname), ' AND ' ORDER BY i.n)
            || pg_catalog.format(' AND NOT EXISTS (SELECT FROM %s AS p WHERE ', k.confrelid::pg_catalog.regclass)
            || pg_catalog.string_agg(pg_catalog.format('p.%I OPERATOR(%I.%s) c.%I', f.attname, s.nspname, o.oprname, a.attname), ' AND ' ORDER BY i.n) || ')'
        FROM pg_catalog.generate_subscripts(k.conkey, 1) AS i (n)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[i.n]
        JOIN pg_catalog.pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[i.n]
        JOIN pg_catalog.pg_operator o ON o.oid = k.conpfeqop[i.n]
        JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace
        WHERE k.contype = 'f'
    ), '') AS broken
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class r ON r.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
WHERE (k.contype = 'f' AND (k.conrelid = ANY (@oids::oid[]) OR k.confrelid = ANY (@oids::oid[])) AND k.conparentid = 0)
    OR (k.contype IN ('u', 'p', 'x') AND k.condeferrable AND k.conrelid = ANY (@oids::oid[]))
ORDER BY 1, 2, 3, 4
