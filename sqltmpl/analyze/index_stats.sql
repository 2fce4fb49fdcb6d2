-- analyze/index_stats.sql
-- Read how large the indexes of a table are, what is in them, and what they do with equal keys.
--
-- lock: ACCESS SHARE on the indexes
-- runs: anywhere
--
-- Equal keys are stored once only where every key column's operator class says that equal means identical (support
-- function 4 of a b-tree), and no column is INCLUDEd.
SELECT c.oid AS oid, c.relname::text AS name, m.amname::text AS method,
    pg_catalog.pg_relation_size(c.oid) AS bytes,
    c.reltuples::int8 AS rows,
    coalesce((
        SELECT o.option_value::int4 FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
        WHERE o.option_name = 'fillfactor'
    ), 90) AS fillfactor,
    i.indkey::int2[] AS columns,
    NOT i.indisunique AND i.indnatts = i.indnkeyatts
        AND coalesce((
            SELECT o.option_value::bool FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
            WHERE o.option_name = 'deduplicate_items'
        ), true)
        AND NOT EXISTS (
            SELECT FROM pg_catalog.unnest(i.indclass::oid[]) AS k (oid)
            JOIN pg_catalog.pg_opclass p ON p.oid = k.oid
            WHERE NOT EXISTS (
                SELECT FROM pg_catalog.pg_amproc f
                WHERE f.amprocfamily = p.opcfamily AND f.amprocnum = 4
                    AND f.amproclefttype = p.opcintype AND f.amprocrighttype = p.opcintype
            )
        ) AS merges
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE i.indrelid = @oid::oid
ORDER BY c.relname
