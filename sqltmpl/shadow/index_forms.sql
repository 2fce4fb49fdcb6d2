-- shadow/index_forms.sql
-- Read what makes each index of a table what it is, in a form without any relation's name.
--
-- lock: ACCESS SHARE on the table
-- runs: anywhere
--
-- to_jsonb: NULLS NOT DISTINCT is new in PostgreSQL 15, periods in 18.
-- plain: a b-tree that the planner uses for a comparison by the columns' own
-- equality, that is with default operator classes and the columns' collations.
SELECT i.indexrelid AS oid, c.relname AS name,
    pg_catalog.jsonb_build_array(
        a.amname, i.indisunique, to_jsonb(i) -> 'indnullsnotdistinct', i.indisprimary, i.indisexclusion,
        i.indimmediate, i.indnkeyatts, i.indclass, i.indcollation, i.indoption, c.reloptions,
        pg_catalog.pg_get_expr(i.indpred, i.indrelid), k.contype, k.condeferred, k.conexclop, to_jsonb(k) -> 'conperiod',
        ARRAY(
            SELECT pg_catalog.pg_get_indexdef(i.indexrelid, n, false)
            FROM pg_catalog.generate_series(1, i.indnatts::int4) AS n
        )
    )::text AS form,
    a.amname = 'btree' AND NOT EXISTS (
        SELECT
        FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS n
        JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[n]
        LEFT JOIN pg_catalog.pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = i.indkey[n]
        WHERE NOT o.opcdefault OR t.attcollation IS DISTINCT FROM i.indcollation[n]
    ) AS plain
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am a ON a.oid = c.relam
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid
    AND k.contype IN ('p', 'u', 'x')
WHERE i.indrelid = @table::pg_catalog.oid
ORDER BY i.indexrelid
