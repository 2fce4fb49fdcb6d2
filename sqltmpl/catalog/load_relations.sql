-- catalog/load_relations.sql
-- Read everything the catalogs say about some relations, as one JSON document for each that exists.
--
-- pg_attver, which some builds (Debian's 15.20) keep among a column's options, is the server's own count and
-- changes with every table; no user can set it and pg_dump leaves it out.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere; inside the swap it runs under ACCESS EXCLUSIVE, so it is quick
--
-- Every catalog is entered through an index by OID; pg_constraint and pg_rewrite
-- have none on what they refer to, so pg_depend leads there. Columns that not all
-- releases from 14 on have are read through to_jsonb, where they are just absent.
-- Sub-selects, not joins: the whole may be planned under a lock as well. Most of what it costs for one relation is
-- to set up the plan, so it reads many at once.
SELECT asked.oid, doc.doc
FROM pg_catalog.unnest(@oids::oid[]) AS asked (oid)
CROSS JOIN LATERAL (
    WITH rel AS MATERIALIZED (
        SELECT c.*, c.tableoid, n.nspname,
            pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS quoted,
            coalesce(t.typarray, 0) AS typarray
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_type t ON t.oid = c.reltype
        WHERE c.oid = asked.oid
    ),
    -- What points at the table, its columns, indexes, constraints or row type.
    refs AS MATERIALIZED (
        SELECT DISTINCT d.classid, d.objid, d.objsubid
        FROM (
            SELECT 'pg_catalog.pg_class'::regclass AS classid, oid AS objid FROM rel
            UNION ALL
            SELECT 'pg_catalog.pg_class'::regclass, i.indexrelid
            FROM pg_catalog.pg_index i WHERE i.indrelid = asked.oid
            UNION ALL
            SELECT 'pg_catalog.pg_constraint'::regclass, k.oid FROM pg_catalog.pg_constraint k WHERE k.conrelid = asked.oid
            UNION ALL
            SELECT 'pg_catalog.pg_type'::regclass, reltype FROM rel WHERE reltype <> 0
            UNION ALL
            SELECT 'pg_catalog.pg_type'::regclass, typarray FROM rel WHERE typarray <> 0
        ) o
        JOIN pg_catalog.pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid AND d.classid <> 0
    ),
    -- The relation each of them belongs to, and whether it is repave's own.
    owned AS MATERIALIZED (
        SELECT r.*, c.relkind, c.oid AS relid,
            coalesce(c.nspname = @registry AND c.relname ~ '^repave_[0-9]+_', false) AS ours,
            CASE r.classid
                WHEN 'pg_catalog.pg_rewrite'::regclass THEN 'rule'
                WHEN 'pg_catalog.pg_policy'::regclass THEN 'policy'
                WHEN 'pg_catalog.pg_publication_rel'::regclass THEN 'publication'
                WHEN 'pg_catalog.pg_statistic_ext'::regclass THEN 'statistics'
                WHEN 'pg_catalog.pg_proc'::regclass THEN 'function'
                WHEN 'pg_catalog.pg_type'::regclass THEN 'type'
                WHEN 'pg_catalog.pg_trigger'::regclass THEN 'trigger'
                WHEN 'pg_catalog.pg_constraint'::regclass THEN 'constraint'
                WHEN 'pg_catalog.pg_attrdef'::regclass THEN 'default'
                WHEN 'pg_catalog.pg_class'::regclass
                    THEN CASE WHEN r.objsubid > 0 THEN 'column' ELSE 'relation' END
                ELSE 'object'
            END AS kind
        FROM (
            SELECT r.*, CASE r.classid
                WHEN 'pg_catalog.pg_class'::regclass THEN coalesce(
                    (SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = r.objid), r.objid)
                WHEN 'pg_catalog.pg_rewrite'::regclass
                    THEN (SELECT w.ev_class FROM pg_catalog.pg_rewrite w WHERE w.oid = r.objid)
                WHEN 'pg_catalog.pg_constraint'::regclass
                    THEN (SELECT k.conrelid FROM pg_catalog.pg_constraint k WHERE k.oid = r.objid)
                WHEN 'pg_catalog.pg_trigger'::regclass
                    THEN (SELECT g.tgrelid FROM pg_catalog.pg_trigger g WHERE g.oid = r.objid)
                WHEN 'pg_catalog.pg_attrdef'::regclass
                    THEN (SELECT d.adrelid FROM pg_catalog.pg_attrdef d WHERE d.oid = r.objid)
                WHEN 'pg_catalog.pg_type'::regclass THEN
                    (SELECT CASE WHEN t.typelem <> 0 THEN e.typrelid ELSE t.typrelid END
                    FROM pg_catalog.pg_type t
                    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
                    WHERE t.oid = r.objid)
                END AS belongs
            FROM refs r
        ) r
        LEFT JOIN LATERAL (
            SELECT c.oid, c.relkind, c.relname, n.nspname
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = r.belongs
            OFFSET 0 -- else the planner may read all of pg_class, to hash it
        ) c ON true
    ),
    foreign_keys AS MATERIALIZED (
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
            FROM pg_catalog.pg_constraint k
            WHERE k.contype = 'f' AND asked.oid IN (k.conrelid, k.confrelid) AND k.oid = ANY (ARRAY(
                SELECT r.objid FROM refs r WHERE r.classid = 'pg_catalog.pg_constraint'::regclass))
                -- A foreign key to a partitioned table has one more for each partition, which are the server's own.
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint u WHERE u.oid = k.conparentid AND u.conrelid = k.conrelid)
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
    )
    SELECT pg_catalog.row_to_json(doc)::text AS doc
    FROM (
        SELECT
            -- Text is deparsed as the session's search path says; the caller checks this.
            ARRAY(SELECT s FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) AS s
                WHERE s <> 'pg_catalog' AND s !~ '^pg_temp') AS visible_schemas,
            rel.oid::int8 AS oid,
            pg_catalog.json_build_object('schema', rel.nspname, 'name', rel.relname) AS "table",
            rel.relkind AS kind,
            rel.relpersistence AS persistence,
            pg_catalog.pg_get_userbyid(rel.relowner) AS owner,
            (SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = rel.relam) AS access_method,
            (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = rel.reltablespace) AS tablespace,
            ARRAY(
                SELECT o FROM pg_catalog.unnest(rel.reloptions) AS o
                UNION ALL
                SELECT 'toast.' || o FROM pg_catalog.pg_class c, pg_catalog.unnest(c.reloptions) AS o
                WHERE c.oid = rel.reltoastrelid
            ) AS options,
            pg_catalog.obj_description(rel.oid, 'pg_class') AS comment,
            -- No list at all means the defaults: the owner may do everything.
            CASE WHEN rel.relacl IS NOT NULL THEN coalesce((
                SELECT pg_catalog.json_agg(g ORDER BY g.place) FROM (
                    SELECT pg_catalog.pg_get_userbyid(x.grantor) AS grantor, x.privilege_type AS privilege,
                        CASE WHEN x.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee,
                        x.is_grantable AS grantable, x.ordinality AS place
                    FROM pg_catalog.aclexplode(rel.relacl) WITH ORDINALITY AS x) g
            ), '[]') END AS grants,
            (SELECT pg_catalog.json_agg(a ORDER BY a.num) FROM (
                SELECT a.attnum AS num, a.attname AS name,
                    pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
                    t.oid::int8 AS type_oid, coalesce(b.oid, t.oid)::int8 AS base_type,
                    coalesce(b.typtype, t.typtype) AS type_kind, t.typcategory AS category,
                    (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname)
                    FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
                    WHERE l.oid = a.attcollation) AS collation,
                    coalesce((SELECT l.collisdeterministic
                    FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation), true) AS deterministic,
                    a.attnotnull AS not_null,
                    (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid)
                    FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) AS default,
                    a.attgenerated AS generated, a.attidentity AS identity, a.attstorage AS storage,
                    a.attcompression AS compression, coalesce(a.attstattarget, -1) AS stats_target,
                    (SELECT pg_catalog.array_agg(o ORDER BY o) FROM pg_catalog.unnest(a.attoptions) AS o
                        WHERE o NOT LIKE 'pg\_attver=%') AS options, pg_catalog.col_description(a.attrelid, a.attnum) AS comment,
                    CASE WHEN a.attacl IS NOT NULL THEN coalesce((
                        SELECT pg_catalog.json_agg(g ORDER BY g.place) FROM (
                            SELECT pg_catalog.pg_get_userbyid(x.grantor) AS grantor, x.privilege_type AS privilege,
                                CASE WHEN x.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee,
                                x.is_grantable AS grantable, x.ordinality AS place
                            FROM pg_catalog.aclexplode(a.attacl) WITH ORDINALITY AS x) g
                    ), '[]') END AS grants
                FROM pg_catalog.pg_attribute a
                JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                LEFT JOIN LATERAL (
                    WITH RECURSIVE base AS (
                        SELECT t.typbasetype AS oid
                        UNION ALL
                        SELECT u.typbasetype FROM base JOIN pg_catalog.pg_type u ON u.oid = base.oid WHERE u.typtype = 'd'
                    )
                    SELECT u.oid, u.typtype
                    FROM base JOIN pg_catalog.pg_type u ON u.oid = base.oid
                    WHERE t.typtype = 'd' AND u.typtype <> 'd'
                ) b ON true
                WHERE a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
            ) a) AS columns,
            (SELECT pg_catalog.json_agg(i ORDER BY i.oid) FROM (
                SELECT c.oid::int8 AS oid, c.relname AS name, pg_catalog.pg_get_indexdef(c.oid) AS def, c.reloptions AS options,
                    (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
                    i.indisunique AS unique, i.indisprimary AS primary, i.indisexclusion AS exclusion,
                    i.indisvalid AND i.indisready AND i.indislive AS valid, i.indimmediate AS immediate,
                    i.indpred IS NOT NULL AS partial, coalesce(pg_catalog.to_jsonb(i) -> 'indnullsnotdistinct', 'false') AS nulls_alike,
                    i.indisclustered AS clustered, i.indisreplident AS replica_identity,
                    (i.indkey::int2[])[0:i.indnkeyatts - 1] AS columns,
                    ARRAY(
                        SELECT 'OPERATOR(' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ')'
                        FROM pg_catalog.unnest(i.indclass::oid[]) WITH ORDINALITY AS u (oid, pos)
                        JOIN pg_catalog.pg_opclass p ON p.oid = u.oid
                        JOIN pg_catalog.pg_am m ON m.oid = p.opcmethod AND m.amname = 'btree'
                        JOIN pg_catalog.pg_amop e ON e.amopfamily = p.opcfamily AND e.amopstrategy = 3
                            AND e.amoplefttype = p.opcintype AND e.amoprighttype = p.opcintype
                        JOIN pg_catalog.pg_operator o ON o.oid = e.amopopr
                        JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
                        ORDER BY u.pos
                    ) AS key_ops,
                    (SELECT pg_catalog.json_object_agg(a.attnum, a.attstattarget) FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attstattarget >= 0) AS stats_targets,
                    pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
                    (SELECT pg_catalog.row_to_json(k) FROM (
                        SELECT k.contype AS type, pg_catalog.pg_get_constraintdef(k.oid) AS def,
                            k.condeferrable AS deferrable, k.condeferred AS deferred,
                            coalesce(pg_catalog.to_jsonb(k) -> 'conperiod', 'false') AS temporal,
                            pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
                        FROM pg_catalog.pg_constraint k
                        WHERE k.conrelid = i.indrelid AND k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
                    ) k) AS constraint
                FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                WHERE i.indrelid = rel.oid
            ) i) AS indexes,
            (SELECT pg_catalog.json_agg(k ORDER BY k.name) FROM (
                SELECT k.conname AS name, pg_catalog.pg_get_constraintdef(k.oid) AS def, k.conkey AS columns,
                    k.convalidated AS valid, coalesce(pg_catalog.to_jsonb(k) -> 'conenforced', 'true') AS enforced,
                    k.connoinherit AS no_inherit, pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
                FROM pg_catalog.pg_constraint k WHERE k.conrelid = rel.oid AND k.contype = 'c'
                    -- Another job's, on the default partition beside its own: see member/find_guards.sql.
                    AND NOT (k.conname ~ '^repave_[0-9]+_[0-9]+_(member|others)$' AND coalesce(
                        pg_catalog.starts_with(pg_catalog.obj_description(k.oid, 'pg_constraint'), @registry::text || ': '), false))
            ) k) AS checks,
            (SELECT pg_catalog.json_agg(k ORDER BY k.column) FROM (
                SELECT k.conname AS name, k.conkey[1] AS column, k.convalidated AS valid,
                    k.connoinherit AS no_inherit, pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
                FROM pg_catalog.pg_constraint k WHERE k.conrelid = rel.oid AND k.contype = 'n'
            ) k) AS not_nulls,
            (SELECT pg_catalog.json_agg(k ORDER BY k.name, k.oid) FROM foreign_keys k
            WHERE k.from_oid = rel.oid::int8) AS foreign_keys,
            (SELECT pg_catalog.json_agg(k ORDER BY k.oid) FROM foreign_keys k
            WHERE k.to_oid = rel.oid::int8 AND k.from_oid <> rel.oid::int8) AS referenced_by,
            (SELECT pg_catalog.json_agg(s ORDER BY s.oid) FROM (
                SELECT c.oid::int8 AS oid,
                    pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname) AS "table",
                    (SELECT a.attname FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = rel.oid AND a.attnum = d.refobjsubid) AS column,
                    d.deptype = 'i' AS identity, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
                    pg_catalog.format_type(q.seqtypid, NULL) AS type, q.seqstart AS start, q.seqmin AS min, q.seqmax AS max,
                    q.seqincrement AS increment, q.seqcache AS cache, q.seqcycle AS cycle, c.relpersistence AS persistence,
                    CASE WHEN c.relacl IS NOT NULL THEN coalesce((
                        SELECT pg_catalog.json_agg(g ORDER BY g.place) FROM (
                            SELECT pg_catalog.pg_get_userbyid(x.grantor) AS grantor, x.privilege_type AS privilege,
                                CASE WHEN x.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee,
                                x.is_grantable AS grantable, x.ordinality AS place
                            FROM pg_catalog.aclexplode(c.relacl) WITH ORDINALITY AS x) g
                    ), '[]') END AS grants,
                    pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
                    ARRAY(
                        SELECT DISTINCT pg_catalog.pg_describe_object(u.classid, u.objid, u.objsubid)
                        FROM pg_catalog.pg_depend u
                        WHERE u.refclassid = rel.tableoid AND u.refobjid = c.oid AND NOT EXISTS (
                            SELECT FROM pg_catalog.pg_attrdef f
                            JOIN pg_catalog.pg_class t ON t.oid = f.adrelid
                            JOIN pg_catalog.pg_namespace m ON m.oid = t.relnamespace
                            WHERE u.classid = 'pg_catalog.pg_attrdef'::regclass AND f.oid = u.objid
                                AND (t.oid = rel.oid OR m.nspname = @registry AND t.relname ~ '^repave_[0-9]+_'
                                    OR rel.relkind = 'p' AND rel.oid IN (
                                        SELECT a.relid FROM pg_catalog.pg_partition_ancestors(t.oid) AS a (relid))))
                        UNION
                        SELECT pg_catalog.pg_describe_object(u.refclassid, u.refobjid, 0) FROM pg_catalog.pg_depend u
                        WHERE u.classid = rel.tableoid AND u.objid = c.oid
                            AND u.refclassid = 'pg_catalog.pg_extension'::regclass
                        UNION
                        SELECT 'security label of ' || l.provider FROM pg_catalog.pg_seclabel l
                        WHERE l.classoid = rel.tableoid AND l.objoid = c.oid
                        ORDER BY 1
                    ) AS dependents
                FROM pg_catalog.pg_depend d
                JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_catalog.pg_sequence q ON q.seqrelid = c.oid
                WHERE d.refclassid = rel.tableoid AND d.refobjid = rel.oid AND d.classid = rel.tableoid
                    AND d.deptype IN ('a', 'i')
            ) s) AS sequences,
            (SELECT pg_catalog.json_agg(g ORDER BY g.name) FROM (
                SELECT g.tgname AS name, pg_catalog.pg_get_triggerdef(g.oid) AS def, g.tgenabled AS enabled
                FROM pg_catalog.pg_trigger g
                WHERE g.tgrelid = rel.oid AND NOT g.tgisinternal AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                    WHERE p.oid = g.tgfoid AND n.nspname = @registry
                )
            ) g) AS triggers,
            (SELECT pg_catalog.json_agg(o ORDER BY o.kind, o.description) FROM (
                SELECT CASE WHEN w.view THEN v.type ELSE w.kind END AS kind,
                    CASE WHEN w.view
                        THEN pg_catalog.pg_describe_object(rel.tableoid, w.relid, 0)
                        ELSE pg_catalog.pg_describe_object(w.classid, w.objid, w.objsubid) END AS description,
                    CASE
                        WHEN w.view THEN 'DROP ' || pg_catalog.upper(v.type) || ' ' || v.identity
                        WHEN w.kind = 'publication' THEN
                            'ALTER PUBLICATION ' || pg_catalog.quote_ident(a.object_args[1]) || ' DROP TABLE ' || rel.quoted
                        WHEN i.type = 'statistics object' THEN 'DROP STATISTICS ' || i.identity
                        WHEN i.type = 'table column' THEN
                            pg_catalog.format('ALTER TABLE %s DROP COLUMN %I', v.identity, a.object_names[3])
                        WHEN i.type = 'composite type column' THEN
                            pg_catalog.format('ALTER TYPE %s DROP ATTRIBUTE %I', v.identity, a.object_names[3])
                        WHEN i.type = 'table constraint' THEN
                            pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', v.identity, a.object_names[3])
                        WHEN i.type = 'default value' THEN
                            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', v.identity, a.object_names[3])
                        ELSE 'DROP ' || pg_catalog.upper(i.type) || ' ' || i.identity
                    END AS drop
                FROM (
                    SELECT w.*, w.relkind IN ('v', 'm') AND (w.kind = 'column' OR EXISTS (
                        SELECT FROM pg_catalog.pg_rewrite r WHERE r.oid = w.objid AND r.rulename = '_RETURN')) AS view
                    FROM owned w
                ) w
                CROSS JOIN LATERAL pg_catalog.pg_identify_object(w.classid, w.objid, w.objsubid) i
                CROSS JOIN LATERAL pg_catalog.pg_identify_object_as_address(w.classid, w.objid, w.objsubid) a
                LEFT JOIN LATERAL pg_catalog.pg_identify_object(rel.tableoid, w.relid, 0) v ON true
                WHERE NOT w.ours
                    AND NOT (w.relid IS NOT DISTINCT FROM rel.oid
                        AND w.kind IN ('column', 'relation', 'constraint', 'trigger', 'default', 'type'))
                    AND NOT (w.kind = 'relation' AND (
                        w.relkind = 'S' OR w.objid = rel.reltoastrelid OR EXISTS (
                            SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = w.objid AND h.inhparent = rel.oid)))
                    -- See foreign_keys; the others are those of its partitions, or the server's own.
                    AND NOT (w.kind = 'constraint' AND EXISTS (
                        SELECT FROM pg_catalog.pg_constraint k WHERE k.oid = w.objid AND k.contype = 'f'))
                    -- These are carried: see load_dependents.sql.
                    AND w.kind NOT IN ('trigger', 'policy', 'statistics', 'publication')
                    AND NOT (w.kind = 'rule' AND NOT w.view)
                    AND NOT (w.view AND NOT EXISTS (
                        SELECT FROM pg_catalog.pg_class c WHERE c.oid = w.relid AND c.relpersistence = 't'))
                    -- What a partition has from its table is the table's.
                    AND NOT (w.kind IN ('relation', 'constraint') AND rel.relkind = 'p' AND EXISTS (
                        SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = w.relid AND h.inhparent = rel.oid))
                    AND NOT EXISTS (
                        SELECT FROM pg_catalog.pg_proc p WHERE w.kind = 'function' AND p.oid = w.objid AND p.prokind <> 'a')
                UNION
                SELECT CASE WHEN h.inhrelid = rel.oid THEN 'inheritance' ELSE 'child' END,
                    CASE WHEN h.inhrelid = rel.oid THEN 'parent ' || p.identity ELSE 'child ' || c.identity END,
                    CASE WHEN k.relkind = 'p' THEN 'ALTER TABLE ' || p.identity || ' DETACH PARTITION ' || c.identity
                        ELSE 'ALTER TABLE ' || c.identity || ' NO INHERIT ' || p.identity END
                FROM pg_catalog.pg_inherits h
                JOIN pg_catalog.pg_class k ON k.oid = h.inhparent
                CROSS JOIN LATERAL pg_catalog.pg_identify_object(rel.tableoid, h.inhparent, 0) p
                CROSS JOIN LATERAL pg_catalog.pg_identify_object(rel.tableoid, h.inhrelid, 0) c
                WHERE h.inhrelid = rel.oid AND k.relkind NOT IN ('r', 'p') OR h.inhparent = rel.oid AND rel.relkind <> 'p'
                UNION
                -- INHERIT makes columns and constraints that are the table's own as well, and those only are carried.
                SELECT 'inherited', u.what, 'ALTER TABLE ' || rel.quoted || ' '
                    || (SELECT pg_catalog.string_agg(v.word || ' ' || p.identity, ', ' ORDER BY v.word DESC, h.inhseqno)
                        FROM pg_catalog.pg_inherits h
                        CROSS JOIN (VALUES ('INHERIT'), ('NO INHERIT')) AS v (word)
                        CROSS JOIN LATERAL pg_catalog.pg_identify_object(rel.tableoid, h.inhparent, 0) p
                        WHERE h.inhrelid = rel.oid)
                FROM (
                    SELECT 'column ' || pg_catalog.quote_ident(a.attname) AS what FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = rel.oid AND a.attinhcount > 0 AND NOT a.attislocal AND NOT a.attisdropped
                    UNION ALL
                    SELECT 'constraint ' || pg_catalog.quote_ident(n.conname) FROM pg_catalog.pg_constraint n
                    WHERE n.conrelid = rel.oid AND n.contype IN ('c', 'n') AND n.coninhcount > 0 AND NOT n.conislocal
                ) u
                WHERE rel.relkind = 'r' AND NOT rel.relispartition
                UNION
                -- They would ship the shadow and the change log to the subscribers, too.
                SELECT 'publication', 'publication ' || pg_catalog.quote_ident(p.pubname) || ' FOR ALL TABLES',
                    'DROP PUBLICATION ' || pg_catalog.quote_ident(p.pubname)
                FROM pg_catalog.pg_publication p WHERE p.puballtables
                UNION
                -- pg_publication_namespace is new in PostgreSQL 15; what it says is in pg_depend. The casts
                -- keep the planner from walking through all that a schema contains.
                SELECT 'publication', pg_catalog.pg_describe_object(d.classid, d.objid, 0),
                    pg_catalog.format('ALTER PUBLICATION %I DROP TABLES IN SCHEMA %I', a.object_args[1], n.nspname)
                FROM pg_catalog.pg_depend d
                JOIN pg_catalog.pg_namespace n ON n.oid::int8 = d.refobjid::int8
                CROSS JOIN LATERAL pg_catalog.pg_identify_object_as_address(d.classid, d.objid, 0) a
                WHERE d.classid = pg_catalog.to_regclass('pg_catalog.pg_publication_namespace')
                    AND d.refclassid::int8 = 'pg_catalog.pg_namespace'::regclass::int8
                    AND (n.oid = rel.relnamespace OR n.nspname = @registry)
                UNION
                SELECT 'subscription', 'subscription ' || pg_catalog.quote_ident(s.subname),
                    'ALTER SUBSCRIPTION ' || pg_catalog.quote_ident(s.subname) || ' REFRESH PUBLICATION'
                FROM pg_catalog.pg_subscription_rel r JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid
                WHERE r.srrelid = rel.oid
                UNION
                SELECT 'extension',
                    pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0) || ', which '
                    || pg_catalog.pg_describe_object(d.classid, d.objid, 0) || ' belongs to',
                    pg_catalog.format('ALTER EXTENSION %I DROP %s', e.extname, i.what)
                FROM (
                    SELECT rel.oid
                    UNION ALL
                    SELECT x.indexrelid FROM pg_catalog.pg_index x WHERE x.indrelid = rel.oid
                ) o
                JOIN pg_catalog.pg_depend d ON d.classid = rel.tableoid AND d.objid = o.oid
                    AND d.refclassid = 'pg_catalog.pg_extension'::regclass
                JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
                CROSS JOIN LATERAL (
                    SELECT pg_catalog.upper(i.type) || ' ' || i.identity AS what
                    FROM pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
                ) i
                WHERE d.deptype = 'e'
                UNION
                SELECT 'security label', 'security label of ' || l.provider || ' on '
                    || pg_catalog.pg_describe_object(l.classoid, l.objoid, l.objsubid),
                    pg_catalog.format('SECURITY LABEL FOR %I ON %s %s IS NULL', l.provider,
                        CASE WHEN l.objsubid > 0 THEN 'COLUMN' ELSE 'TABLE' END, i.identity)
                FROM pg_catalog.pg_seclabel l
                CROSS JOIN LATERAL pg_catalog.pg_identify_object(l.classoid, l.objoid, l.objsubid) i
                WHERE l.classoid = rel.tableoid AND l.objoid = rel.oid
                UNION
                -- The owner's are carried: see load_dependents.sql.
                SELECT 'type', 'privileges granted by ' || x.grantor || ', not the owner, on the row type ' || rel.quoted,
                    'REVOKE ALL ON TYPE ' || rel.quoted || ' FROM ' || x.grantor || ' CASCADE'
                FROM (
                    SELECT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(u.grantor)) AS grantor
                    FROM pg_catalog.pg_type t, pg_catalog.aclexplode(t.typacl) u
                    WHERE t.oid = rel.reltype AND u.grantor <> rel.relowner
                ) x
            ) o) AS others,
            rel.relrowsecurity AS row_security,
            rel.relforcerowsecurity AS force_row_security,
            rel.relreplident AS replica_identity,
            rel.relispartition AS partition,
            CASE WHEN rel.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(rel.oid) END AS partition_key,
            (SELECT pg_catalog.json_agg(p ORDER BY p.name) FROM (
                SELECT c.oid::int8 AS oid, c.relname AS name, c.relkind AS kind,
                    pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname) AS "table",
                    pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
                    ARRAY(
                        SELECT o FROM pg_catalog.unnest(c.reloptions) AS o
                        UNION ALL
                        SELECT 'toast.' || o FROM pg_catalog.pg_class x, pg_catalog.unnest(x.reloptions) AS o
                        WHERE x.oid = c.reltoastrelid
                    ) AS partition_options,
                    (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace) AS partition_tablespace,
                    h.xmin::text::int8 AS attached
                FROM pg_catalog.pg_inherits h
                JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE h.inhparent = rel.oid AND rel.relkind = 'p'
            ) p) AS partitions
        FROM rel
    ) doc
) doc
