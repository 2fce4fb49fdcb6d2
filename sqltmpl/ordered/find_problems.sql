-- ordered/find_problems.sql
-- Find out, as shortcomings, what keeps a table from being read in an order.
--
-- A null has no place in a comparison of rows, so rows with one would be in no range. Comparison operators are looked up
-- with an empty search path, so they must be the server's own. Without an index on just this order every batch would
-- read the whole table. Either direction of an index will do, as long as it is the same in all columns.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere
WITH wanted AS (
    SELECT w.name, w.pos::int4 AS pos, a.attnum, a.attnotnull, coalesce(o.opcnamespace = 'pg_catalog'::regnamespace, false) AS native
    FROM pg_catalog.unnest(@columns::text[]) WITH ORDINALITY AS w (name, pos)
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = @oid::oid AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN LATERAL (
        SELECT p.opcnamespace
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree'
        CROSS JOIN LATERAL pg_catalog.generate_series(0, i.indnkeyatts - 1) AS n
        JOIN pg_catalog.pg_opclass p ON p.oid = i.indclass[n] AND p.opcdefault
        WHERE i.indrelid = @oid::oid AND i.indkey[n] = a.attnum
        LIMIT 1
    ) o ON true
),
table_name AS (
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = @oid::oid
)
SELECT what, cure
FROM (
    SELECT 1 AS rank, 'there is no column ' || w.name AS what, 'name columns of the table as it is' AS cure
    FROM wanted w WHERE w.attnum IS NULL
    UNION ALL
    SELECT 2, 'column ' || w.name || ' may be null',
        pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', t.name, w.name)
    FROM wanted w, table_name t WHERE w.attnum IS NOT NULL AND NOT w.attnotnull
    UNION ALL
    SELECT 3, 'there is no index to read the table in this order by',
        pg_catalog.format('CREATE INDEX CONCURRENTLY ON %s (%s)', t.name,
            (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(w.name), ', ' ORDER BY w.pos) FROM wanted w))
    FROM table_name t
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree'
        WHERE i.indrelid = @oid::oid AND i.indisvalid AND i.indisready AND i.indislive AND i.indpred IS NULL
            AND i.indnkeyatts >= pg_catalog.cardinality(@columns::text[])
            AND (
                SELECT pg_catalog.bool_and(i.indkey[w.pos - 1] = w.attnum AND p.opcdefault
                        AND i.indcollation[w.pos - 1] = a.attcollation)
                    -- 0 is ASC NULLS LAST, 3 is DESC NULLS FIRST: the same read backwards
                    AND (pg_catalog.bool_and(i.indoption[w.pos - 1] = 0) OR pg_catalog.bool_and(i.indoption[w.pos - 1] = 3))
                FROM wanted w
                LEFT JOIN pg_catalog.pg_opclass p ON p.oid = i.indclass[w.pos - 1]
                LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = w.attnum
            )
    )
    UNION ALL
    SELECT 4, 'column ' || w.name || ' has a type that an extension compares', 'order by columns of built-in types'
    FROM wanted w WHERE w.attnum IS NOT NULL AND NOT w.native
) AS problems
ORDER BY rank
LIMIT 1
