-- member/load_family.sql
-- Read the foreign keys of the tables that some partitions belong to, and of all partitions of those, out of them and to them: one
-- JSON document, with the members that each has on partitions.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere with an empty search_path; inside the swap it runs under ACCESS EXCLUSIVE
WITH RECURSIVE up AS (
    SELECT u.oid
    FROM (
        SELECT h.inhparent AS oid
        FROM pg_catalog.pg_inherits h
        JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relispartition
        WHERE h.inhrelid = ANY (@oids::oid[])
        UNION ALL
        SELECT a.oid FROM pg_catalog.unnest(@above::oid[]) AS a (oid)
    ) u
    UNION
    SELECT h.inhparent
    FROM up
    JOIN pg_catalog.pg_inherits h ON h.inhrelid = up.oid
    JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relispartition
),
down AS (
    SELECT up.oid FROM up
    UNION
    SELECT h.inhrelid FROM down JOIN pg_catalog.pg_inherits h ON h.inhparent = down.oid
),
keys AS (
    SELECT k.oid
    FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND (k.conrelid = ANY (ARRAY(SELECT d.oid FROM down d)) OR k.confrelid = ANY (ARRAY(SELECT u.oid FROM up u)))
    UNION
    SELECT m.oid FROM keys JOIN pg_catalog.pg_constraint m ON m.conparentid = keys.oid
)
SELECT pg_catalog.json_build_object(
    'above', ARRAY(SELECT up.oid::int8 FROM up ORDER BY up.oid),
    'keys', (SELECT pg_catalog.json_agg(k ORDER BY k.oid) FROM (
        SELECT k.oid::int8 AS oid, k.conname AS name, f.tbl AS "from", k.conrelid::int8 AS from_oid,
            f.relkind AS from_kind, f.names AS from_columns, f.types AS from_types, k.conkey AS from_nums,
            t.tbl AS "to", k.confrelid::int8 AS to_oid, t.relkind AS to_kind,
            t.names AS to_columns, t.types AS to_types, k.confkey AS to_nums,
            k.confmatchtype AS match, k.confupdtype AS on_update, k.confdeltype AS on_delete,
            ARRAY(
                SELECT a.attname
                FROM pg_catalog.jsonb_array_elements_text(nullif(k.doc -> 'confdelsetcols', 'null')) AS s (num)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = s.num::int2
                ORDER BY a.attnum
            ) AS set_columns,
            k.condeferrable AS deferrable, k.condeferred AS deferred, k.convalidated AS valid,
            coalesce(k.doc -> 'conenforced', 'true') AS enforced, coalesce(k.doc -> 'conperiod', 'false') AS period,
            k.conparentid <> 0 AS inherited, k.conparentid::int8 AS parent_oid,
            EXISTS (
                SELECT FROM pg_catalog.pg_index i
                WHERE i.indexrelid = k.conindid AND i.indisprimary
                    AND (i.indkey::int2[])[0:i.indnkeyatts - 1] = k.confkey
            ) AS to_primary, pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
        FROM (
            SELECT k.*, pg_catalog.to_jsonb(k) AS doc
            FROM keys
            JOIN pg_catalog.pg_constraint k ON k.oid = keys.oid
            -- A foreign key to a partitioned table has one more for each partition, which are the server's own.
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint u WHERE u.oid = k.conparentid AND u.conrelid = k.conrelid)
        ) k
        CROSS JOIN LATERAL (
            SELECT c.relkind, pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname) AS tbl,
                pg_catalog.json_agg(a.attname ORDER BY s.pos) AS names,
                pg_catalog.json_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY s.pos) AS types
            FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS s (num, pos)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = s.num
            JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            GROUP BY c.relkind, c.relname, n.nspname
        ) f
        CROSS JOIN LATERAL (
            SELECT c.relkind, pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname) AS tbl,
                pg_catalog.json_agg(a.attname ORDER BY s.pos) AS names,
                pg_catalog.json_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY s.pos) AS types
            FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS s (num, pos)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = s.num
            JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            GROUP BY c.relkind, c.relname, n.nspname
        ) t
    ) k)
)::text
