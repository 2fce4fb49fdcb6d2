-- define/describe_types.sql
-- Describe types, given by OID or by name, and those that they are made of, but for PostgreSQL's own and for arrays.
--
-- lock: ACCESS SHARE on the catalogs
-- runs: anywhere with an empty search_path
WITH RECURSIVE used AS (
    SELECT o AS oid FROM pg_catalog.unnest(@types::oid[]) AS o
    UNION
    SELECT pg_catalog.to_regtype(n)::oid FROM pg_catalog.unnest(@names::text[]) AS n
    UNION
    SELECT s.oid
    FROM used u
    JOIN pg_catalog.pg_type t ON t.oid = u.oid
    CROSS JOIN LATERAL (
        SELECT t.typelem AS oid
        UNION ALL
        SELECT t.typbasetype
        UNION ALL
        SELECT a.atttypid FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
        UNION ALL
        SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid
    ) s
    WHERE s.oid <> 0
)
SELECT pg_catalog.format_type(t.oid, NULL) AS name, n.nspname AS schema,
    CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type' WHEN 'r' THEN 'range type'
        WHEN 'm' THEN 'multirange type' ELSE 'base type' END AS kind,
    coalesce((
        SELECT x.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
            AND d.refclassid = 'pg_catalog.pg_extension'::regclass
    ), '') AS extension,
    coalesce(CASE t.typtype
        WHEN 'e' THEN (
            SELECT 'ENUM (' || pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) || ')'
            FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
        WHEN 'c' THEN (
            SELECT '(' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
                || coalesce(' COLLATE ' || pg_catalog.quote_ident(m.nspname) || '.' || pg_catalog.quote_ident(l.collname), ''),
                ', ' ORDER BY a.attnum) || ')'
            FROM pg_catalog.pg_attribute a
            LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
            LEFT JOIN pg_catalog.pg_namespace m ON m.oid = l.collnamespace
            WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
        WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
            || coalesce((
                SELECT ' COLLATE ' || pg_catalog.quote_ident(m.nspname) || '.' || pg_catalog.quote_ident(l.collname)
                FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace m ON m.oid = l.collnamespace
                WHERE l.oid = t.typcollation AND t.typcollation <> (
                    SELECT b.typcollation FROM pg_catalog.pg_type b WHERE b.oid = t.typbasetype)), '')
            || coalesce(' DEFAULT ' || pg_catalog.pg_get_expr(t.typdefaultbin, 0), '')
            || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce((
                SELECT pg_catalog.string_agg(' CONSTRAINT ' || pg_catalog.quote_ident(k.conname) || ' ' || pg_catalog.pg_get_constraintdef(k.oid), '' ORDER BY k.conname)
                FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')
        WHEN 'r' THEN (
            SELECT 'RANGE (SUBTYPE = ' || pg_catalog.format_type(r.rngsubtype, NULL) || ', SUBTYPE_OPCLASS = '
                || pg_catalog.quote_ident(m.nspname) || '.' || pg_catalog.quote_ident(p.opcname)
                || coalesce(', COLLATION = ' || nullif(r.rngcollation, 0)::pg_catalog.regcollation::text, '')
                || CASE WHEN r.rngsubdiff <> 0 THEN ', SUBTYPE_DIFF = ' || r.rngsubdiff::text ELSE '' END
                || CASE WHEN r.rngcanonical <> 0 THEN ', CANONICAL = ' || r.rngcanonical::text ELSE '' END || ')'
            FROM pg_catalog.pg_range r
            JOIN pg_catalog.pg_opclass p ON p.oid = r.rngsubopc
            JOIN pg_catalog.pg_namespace m ON m.oid = p.opcnamespace
            WHERE r.rngtypid = t.oid)
    END, '') AS definition
FROM used u
JOIN pg_catalog.pg_type t ON t.oid = u.oid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname <> 'pg_catalog' AND NOT (t.typelem <> 0 AND t.typcategory = 'A')
ORDER BY u.oid
