-- catalog/load_dependents.sql
-- Read what is tied to tables and has to follow their names to other tables: triggers, policies, rules, publications,
-- statistics, parents, children and switches of theirs; views, functions with bound bodies, policies and rules of others that mention them,
-- and whatever depends on those; each with the statements that take it away and make it again.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere with an empty search_path; inside the swap it runs under ACCESS EXCLUSIVE
WITH RECURSIVE tables AS MATERIALIZED (
    SELECT c.oid, c.reltype, coalesce(t.typarray, 0) AS typarray, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
        c.relowner, c.reloftype, c.relispartition, c.relpartbound, t.typacl, pg_catalog.obj_description(t.oid, 'pg_type') AS type_comment,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS quoted
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_type t ON t.oid = c.reltype
    WHERE c.oid = ANY (@oids::oid[])
),
tree AS (
    SELECT o.classid, o.objid
    FROM tables t
    CROSS JOIN LATERAL (VALUES
        ('pg_catalog.pg_class'::regclass::oid, t.oid),
        ('pg_catalog.pg_type'::regclass::oid, t.reltype),
        ('pg_catalog.pg_type'::regclass::oid, t.typarray)) AS o (classid, objid)
    WHERE o.objid <> 0
    UNION
    SELECT s.classid, s.objid
    FROM tree t
    JOIN pg_catalog.pg_depend d ON d.refclassid = t.classid AND d.refobjid = t.objid
    CROSS JOIN LATERAL (
        SELECT d.classid, d.objid
        WHERE d.classid IN ('pg_catalog.pg_policy'::regclass, 'pg_catalog.pg_trigger'::regclass,
            'pg_catalog.pg_statistic_ext'::regclass, 'pg_catalog.pg_publication_rel'::regclass,
            'pg_catalog.pg_proc'::regclass)
        UNION ALL
        -- The rule that makes a view stands for the view and its row type.
        SELECT o.classid, o.objid
        FROM pg_catalog.pg_rewrite w
        JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
        LEFT JOIN pg_catalog.pg_type y ON y.oid = c.reltype
        CROSS JOIN LATERAL (VALUES
            ('pg_catalog.pg_rewrite'::regclass::oid, w.oid, false),
            ('pg_catalog.pg_class'::regclass::oid, c.oid, true),
            ('pg_catalog.pg_type'::regclass::oid, c.reltype, true),
            ('pg_catalog.pg_type'::regclass::oid, coalesce(y.typarray, 0), true)) AS o (classid, objid, view)
        WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid AND o.objid <> 0
            AND o.view = (w.rulename = '_RETURN') AND c.relpersistence <> 't'
    ) s
),
-- What each of them refers to; a view by its rule.
edges AS MATERIALIZED (
    SELECT t.classid, t.objid, d.refclassid, d.refobjid
    FROM tree t
    JOIN pg_catalog.pg_depend d ON d.classid = t.classid AND d.objid = t.objid
    WHERE t.classid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_type'::regclass)
    UNION
    SELECT t.classid, t.objid, d.refclassid, d.refobjid
    FROM tree t
    JOIN pg_catalog.pg_rewrite w ON w.ev_class = t.objid AND w.rulename = '_RETURN'
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
    WHERE t.classid = 'pg_catalog.pg_class'::regclass
),
relations AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relowner, c.relacl, c.reloptions, c.relam, c.reltablespace, c.relispopulated,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS quoted,
        n.nspname AS schema, c.relname AS name, EXISTS (SELECT FROM tables b WHERE b.oid = c.oid) AS ours
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid IN (
        SELECT objid FROM tree WHERE classid = 'pg_catalog.pg_class'::regclass
        UNION ALL
        SELECT w.ev_class FROM tree t JOIN pg_catalog.pg_rewrite w ON w.oid = t.objid
        WHERE t.classid = 'pg_catalog.pg_rewrite'::regclass
        UNION ALL
        SELECT p.polrelid FROM tree t JOIN pg_catalog.pg_policy p ON p.oid = t.objid
        WHERE t.classid = 'pg_catalog.pg_policy'::regclass
        UNION ALL
        SELECT g.tgrelid FROM tree t JOIN pg_catalog.pg_trigger g ON g.oid = t.objid
        WHERE t.classid = 'pg_catalog.pg_trigger'::regclass
        UNION ALL
        SELECT h.inhparent FROM tables t JOIN pg_catalog.pg_inherits h ON h.inhrelid = t.oid
        UNION ALL
        SELECT h.inhrelid FROM tables t JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid AND t.relkind = 'r'
        UNION ALL
        SELECT t.oid FROM tables t)
),
-- Tables that inherit from one of ours and are none themselves, with their parents from the first of ours on. NO INHERIT
-- makes what only that parent gave a child the child's own, and INHERIT puts a parent last. So all of these are left and joined
-- again, and meanwhile a stand-in for each of them gives its children what it did. The child that is unbound first and bound last
-- makes it and drops it.
ties AS MATERIALIZED (
    SELECT q.child, q.seq, q.ours, q.parent, q.parent_oid, pg_catalog.format('%I.%I', @registry::text, 'repave_stand_in_' || pg_catalog.md5(q.parent)) AS stand_in,
        pg_catalog.row_number() OVER (PARTITION BY q.parent ORDER BY q.child DESC) = 1 AS maker
    FROM (
        SELECT h.inhrelid AS child, h.inhparent AS parent_oid, h.inhseqno AS seq, t.oid IS NOT NULL AS ours, pg_catalog.format('%I.%I', n.nspname, k.relname) AS parent,
            pg_catalog.min(h.inhseqno) FILTER (WHERE t.oid IS NOT NULL) OVER (PARTITION BY h.inhrelid) AS first
        FROM pg_catalog.pg_inherits h
        JOIN pg_catalog.pg_class k ON k.oid = h.inhparent
        JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace
        LEFT JOIN tables t ON t.oid = h.inhparent
        WHERE h.inhrelid IN (SELECT x.inhrelid FROM pg_catalog.pg_inherits x JOIN tables b ON b.oid = x.inhparent AND b.relkind = 'r')
            AND h.inhrelid NOT IN (SELECT b.oid FROM tables b)
    ) q
    WHERE q.seq >= q.first
),
objects AS (
    SELECT 'trigger' AS kind, t.classid, t.objid, r.oid AS rel, r.ours AS on_table, r.relkind,
        'trigger ' || pg_catalog.quote_ident(g.tgname) || ' on ' || r.quoted AS name,
        ARRAY[pg_catalog.format('DROP TRIGGER %I ON %s', g.tgname, r.quoted)] AS drop,
        ARRAY[
            pg_catalog.pg_get_triggerdef(g.oid),
            CASE g.tgenabled
                WHEN 'D' THEN pg_catalog.format('ALTER TABLE %s DISABLE TRIGGER %I', r.quoted, g.tgname)
                WHEN 'R' THEN pg_catalog.format('ALTER TABLE %s ENABLE REPLICA TRIGGER %I', r.quoted, g.tgname)
                WHEN 'A' THEN pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', r.quoted, g.tgname)
            END,
            pg_catalog.format('COMMENT ON TRIGGER %I ON %s IS ', g.tgname, r.quoted)
                || pg_catalog.quote_literal(pg_catalog.obj_description(g.oid, 'pg_trigger'))
        ] AS create,
        NULL::text[] AS replace, false AS signature, NULL::text AS statistics, NULL::text AS statistics_name,
        NULL::text AS schema, -1 AS statistics_target
    FROM tree t
    JOIN pg_catalog.pg_trigger g ON g.oid = t.objid AND NOT g.tgisinternal AND g.tgparentid = 0
    JOIN relations r ON r.oid = g.tgrelid
    WHERE t.classid = 'pg_catalog.pg_trigger'::regclass AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE p.oid = g.tgfoid AND n.nspname = @registry)
    UNION ALL
    SELECT 'policy', t.classid, t.objid, r.oid, r.ours, r.relkind,
        'policy ' || pg_catalog.quote_ident(p.polname) || ' on ' || r.quoted,
        ARRAY[pg_catalog.format('DROP POLICY %I ON %s', p.polname, r.quoted)],
        ARRAY[
            pg_catalog.format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, r.quoted,
                CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                (SELECT pg_catalog.string_agg(CASE WHEN m = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(m)) END, ', ' ORDER BY i)
                FROM pg_catalog.unnest(p.polroles) WITH ORDINALITY AS u (m, i)))
                || coalesce(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
                || coalesce(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''),
            pg_catalog.format('COMMENT ON POLICY %I ON %s IS ', p.polname, r.quoted) || pg_catalog.quote_literal(pg_catalog.obj_description(p.oid, 'pg_policy'))
        ],
        ARRAY[pg_catalog.format('ALTER POLICY %I ON %s', p.polname, r.quoted)
            || coalesce(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
            || coalesce(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')],
        false, NULL, NULL, NULL, -1
    FROM tree t
    JOIN pg_catalog.pg_policy p ON p.oid = t.objid
    JOIN relations r ON r.oid = p.polrelid
    WHERE t.classid = 'pg_catalog.pg_policy'::regclass
    UNION ALL
    SELECT 'rule', t.classid, t.objid, r.oid, r.ours, r.relkind,
        'rule ' || pg_catalog.quote_ident(w.rulename) || ' on ' || r.quoted,
        ARRAY[pg_catalog.format('DROP RULE %I ON %s', w.rulename, r.quoted)],
        ARRAY[
            pg_catalog.pg_get_ruledef(w.oid),
            CASE w.ev_enabled
                WHEN 'D' THEN pg_catalog.format('ALTER TABLE %s DISABLE RULE %I', r.quoted, w.rulename)
                WHEN 'R' THEN pg_catalog.format('ALTER TABLE %s ENABLE REPLICA RULE %I', r.quoted, w.rulename)
                WHEN 'A' THEN pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS RULE %I', r.quoted, w.rulename)
            END,
            pg_catalog.format('COMMENT ON RULE %I ON %s IS ', w.rulename, r.quoted) || pg_catalog.quote_literal(pg_catalog.obj_description(w.oid, 'pg_rewrite'))
        ],
        ARRAY[pg_catalog.regexp_replace(pg_catalog.pg_get_ruledef(w.oid), '^CREATE RULE ', 'CREATE OR REPLACE RULE ')],
        false, NULL, NULL, NULL, -1
    FROM tree t
    JOIN pg_catalog.pg_rewrite w ON w.oid = t.objid
    JOIN relations r ON r.oid = w.ev_class
    WHERE t.classid = 'pg_catalog.pg_rewrite'::regclass
    UNION ALL
    SELECT 'statistics', t.classid, t.objid, s.stxrelid, true, NULL,
        'statistics object ' || q.quoted, NULL,
        ARRAY[
            'CREATE STATISTICS ' || q.quoted || d.what || ' FROM ' || b.quoted,
            CASE WHEN coalesce(s.stxstattarget, -1) >= 0 THEN pg_catalog.format('ALTER STATISTICS %s SET STATISTICS %s', q.quoted, s.stxstattarget) END,
            pg_catalog.format('ALTER STATISTICS %s OWNER TO %I', q.quoted, pg_catalog.pg_get_userbyid(s.stxowner)),
            pg_catalog.format('COMMENT ON STATISTICS %s IS ', q.quoted) || pg_catalog.quote_literal(pg_catalog.obj_description(s.oid, 'pg_statistic_ext'))
        ],
        NULL, false,
        d.what,
        s.stxname, n.nspname, coalesce(s.stxstattarget, -1)
    FROM tree t
    JOIN pg_catalog.pg_statistic_ext s ON s.oid = t.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
    JOIN tables b ON b.oid = s.stxrelid
    CROSS JOIN LATERAL (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.stxname) AS quoted) q
    CROSS JOIN LATERAL (
        -- What stands between the name and the table in its definition; the server's own goes by the columns' places.
        SELECT coalesce(' (' || (
                SELECT pg_catalog.string_agg(v.name, ', ') FROM (VALUES ('d', 'ndistinct'), ('f', 'dependencies'), ('m', 'mcv')) AS v (kind, name)
                WHERE v.kind = ANY (s.stxkind::text[]) HAVING pg_catalog.count(*) < 3
            ) || ')', '') || ' ON ' || (
                SELECT pg_catalog.string_agg(p.part, ', ' ORDER BY p.place, p.part) FROM (
                    SELECT 1, pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys::int2[])
                    UNION ALL
                    SELECT 2, '(' || e || ')' FROM pg_catalog.unnest(pg_catalog.pg_get_statisticsobjdef_expressions(s.oid)) AS e
                ) AS p (place, part)
            ) AS what
    ) d
    WHERE t.classid = 'pg_catalog.pg_statistic_ext'::regclass
    UNION ALL
    SELECT 'publication', t.classid, t.objid, l.prrelid, true, NULL,
        'publication ' || pg_catalog.quote_ident(p.pubname) || ' of ' || b.quoted,
        ARRAY[pg_catalog.format('ALTER PUBLICATION %I DROP TABLE ONLY %s', p.pubname, b.quoted)],
        ARRAY[pg_catalog.format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, b.quoted){{if .Filters}}
            || coalesce((SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attname) || ')'
                FROM pg_catalog.unnest(l.prattrs::int2[]) AS u (num)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = l.prrelid AND a.attnum = u.num), '')
            || coalesce(' WHERE (' || pg_catalog.pg_get_expr(l.prqual, l.prrelid) || ')', ''){{end}}],
        NULL, false, NULL, NULL, NULL, -1
    FROM tree t
    JOIN pg_catalog.pg_publication_rel l ON l.oid = t.objid
    JOIN pg_catalog.pg_publication p ON p.oid = l.prpubid
    JOIN tables b ON b.oid = l.prrelid
    WHERE t.classid = 'pg_catalog.pg_publication_rel'::regclass
    UNION ALL
    SELECT k.kind, t.classid, t.objid, r.oid, false, r.relkind, k.kind || ' ' || r.quoted,
        CASE r.relkind WHEN 'v' THEN ARRAY['DROP VIEW ' || r.quoted] END,
        ARRAY[
            'CREATE ' || pg_catalog.upper(k.kind) || ' ' || r.quoted
                || coalesce(' USING ' || (SELECT pg_catalog.quote_ident(m.amname) FROM pg_catalog.pg_am m WHERE m.oid = r.relam AND m.amname <> 'heap'), '')
                || o.options
                || coalesce(' TABLESPACE ' || (SELECT pg_catalog.quote_ident(p.spcname) FROM pg_catalog.pg_tablespace p WHERE p.oid = r.reltablespace), '')
                || ' AS' || E'\n' || pg_catalog.rtrim(pg_catalog.pg_get_viewdef(r.oid), ';')
                || CASE r.relkind WHEN 'm' THEN E'\nWITH NO DATA' ELSE '' END,
            pg_catalog.format('ALTER %s %s OWNER TO %I', pg_catalog.upper(k.kind), r.quoted, pg_catalog.pg_get_userbyid(r.relowner)),
            pg_catalog.format('COMMENT ON %s %s IS ', pg_catalog.upper(k.kind), r.quoted) || pg_catalog.quote_literal(pg_catalog.obj_description(r.oid, 'pg_class'))
        ]
        || ARRAY(
            SELECT pg_catalog.format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', r.quoted, a.attname, pg_catalog.pg_get_expr(f.adbin, f.adrelid))
            FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
            WHERE f.adrelid = r.oid ORDER BY a.attnum)
        || ARRAY(
            SELECT pg_catalog.format('ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET STATISTICS %s', r.quoted, a.attname, a.attstattarget)
            FROM pg_catalog.pg_attribute a
            WHERE r.relkind = 'm' AND a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(a.attstattarget, -1) >= 0
            ORDER BY a.attnum)
        || ARRAY(
            SELECT pg_catalog.format('ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET STORAGE %s', r.quoted, a.attname,
                CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
            WHERE r.relkind = 'm' AND a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage <> y.typstorage
            ORDER BY a.attnum)
        || ARRAY(
            SELECT pg_catalog.format('COMMENT ON COLUMN %s.%I IS ', r.quoted, a.attname) || pg_catalog.quote_literal(pg_catalog.col_description(r.oid, a.attnum))
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND pg_catalog.col_description(r.oid, a.attnum) IS NOT NULL
            ORDER BY a.attnum)
        || CASE WHEN r.relacl IS NOT NULL THEN
            ARRAY['REVOKE ALL ON ' || r.quoted || ' FROM PUBLIC',
                pg_catalog.format('REVOKE ALL ON %s FROM %I', r.quoted, pg_catalog.pg_get_userbyid(r.relowner))]
            || ARRAY(
                SELECT pg_catalog.format('GRANT %s ON %s TO %s%s', x.privilege_type, r.quoted,
                    CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
                    CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                FROM pg_catalog.aclexplode(r.relacl) WITH ORDINALITY x ORDER BY x.ordinality)
            ELSE '{}' END
        || ARRAY(
            SELECT pg_catalog.format('GRANT %s (%I) ON %s TO %s%s', x.privilege_type, a.attname, r.quoted,
                CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
                CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
            FROM pg_catalog.pg_attribute a, pg_catalog.aclexplode(a.attacl) WITH ORDINALITY x
            WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum, x.ordinality)
        -- A materialized view's indexes.
        || ARRAY(
            SELECT s FROM pg_catalog.pg_index i
            JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
            CROSS JOIN LATERAL (SELECT pg_catalog.quote_ident(r.schema) || '.' || pg_catalog.quote_ident(c.relname) AS quoted) q
            CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[
                pg_catalog.pg_get_indexdef(c.oid),
                'ALTER INDEX ' || q.quoted || ' SET TABLESPACE ' || (SELECT pg_catalog.quote_ident(p.spcname) FROM pg_catalog.pg_tablespace p WHERE p.oid = c.reltablespace),
                'COMMENT ON INDEX ' || q.quoted || ' IS ' || pg_catalog.quote_literal(pg_catalog.obj_description(c.oid, 'pg_class')),
                CASE WHEN i.indisclustered THEN pg_catalog.format('ALTER MATERIALIZED VIEW %s CLUSTER ON %I', r.quoted, c.relname) END
            ]) WITH ORDINALITY AS u (s, n)
            WHERE i.indrelid = r.oid
            ORDER BY c.relname, u.n),
        CASE r.relkind WHEN 'v' THEN ARRAY[
            'CREATE OR REPLACE VIEW ' || r.quoted || o.options || ' AS' || E'\n' || pg_catalog.pg_get_viewdef(r.oid)] END,
        false, NULL, NULL, NULL, -1
    FROM tree t
    JOIN relations r ON r.oid = t.objid AND r.relkind IN ('v', 'm')
    CROSS JOIN LATERAL (SELECT CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind) k
    CROSS JOIN LATERAL (
        SELECT coalesce(' WITH (' || pg_catalog.string_agg(
            pg_catalog.format('%I=%L', pg_catalog.split_part(x, '=', 1), pg_catalog.substr(x, pg_catalog.strpos(x, '=') + 1)), ', ') || ')', '') AS options
        FROM pg_catalog.unnest(r.reloptions) AS x
    ) o
    -- Materialized views that wait for their names, or have lost them, are repave's own.
    WHERE t.classid = 'pg_catalog.pg_class'::regclass AND NOT (r.schema = @registry AND r.name ~ '^repave_[0-9]+_')
    UNION ALL
    SELECT CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END, t.classid, t.objid, NULL, false, NULL,
        CASE p.prokind WHEN 'a' THEN 'aggregate ' WHEN 'p' THEN 'procedure ' ELSE 'function ' END || f.identity,
        CASE WHEN p.prokind <> 'a' THEN ARRAY['DROP ROUTINE ' || f.identity] END,
        CASE WHEN p.prokind <> 'a' THEN ARRAY[
                pg_catalog.pg_get_functiondef(p.oid),
                pg_catalog.format('ALTER ROUTINE %s OWNER TO %I', f.identity, pg_catalog.pg_get_userbyid(p.proowner)),
                pg_catalog.format('COMMENT ON ROUTINE %s IS ', f.identity) || pg_catalog.quote_literal(pg_catalog.obj_description(p.oid, 'pg_proc'))
            ]
            || CASE WHEN p.proacl IS NOT NULL THEN
                ARRAY['REVOKE ALL ON ROUTINE ' || f.identity || ' FROM PUBLIC',
                    pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM %I', f.identity, pg_catalog.pg_get_userbyid(p.proowner))]
                || ARRAY(
                    SELECT pg_catalog.format('GRANT %s ON ROUTINE %s TO %s%s', x.privilege_type, f.identity,
                        CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
                        CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                    FROM pg_catalog.aclexplode(p.proacl) WITH ORDINALITY x ORDER BY x.ordinality)
                ELSE '{}' END
        END,
        CASE WHEN p.prokind <> 'a' THEN ARRAY[pg_catalog.pg_get_functiondef(p.oid)] END,
        EXISTS (
            SELECT FROM tables b
            WHERE p.prorettype IN (b.reltype, b.typarray)
                OR ARRAY[b.reltype, b.typarray] && (p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}'))),
        NULL, NULL, NULL, -1
    FROM tree t
    JOIN pg_catalog.pg_proc p ON p.oid = t.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(t.classid, t.objid, 0) f
    WHERE t.classid = 'pg_catalog.pg_proc'::regclass AND NOT (n.nspname = @registry AND p.proname ~ '^repave_[0-9]+_')
    UNION ALL
    SELECT 'row security', 0, b.oid, b.oid, true, NULL, 'row security of ' || b.quoted,
        ARRAY['ALTER TABLE ' || b.quoted || ' DISABLE ROW LEVEL SECURITY', 'ALTER TABLE ' || b.quoted || ' NO FORCE ROW LEVEL SECURITY'],
        ARRAY[
            CASE WHEN b.relrowsecurity THEN 'ALTER TABLE ' || b.quoted || ' ENABLE ROW LEVEL SECURITY' END,
            CASE WHEN b.relforcerowsecurity THEN 'ALTER TABLE ' || b.quoted || ' FORCE ROW LEVEL SECURITY' END
        ],
        NULL, false, NULL, NULL, NULL, -1
    FROM tables b WHERE b.relrowsecurity OR b.relforcerowsecurity
    UNION ALL
    SELECT 'replica identity', 0, b.oid, b.oid, true, NULL, 'replica identity of ' || b.quoted,
        ARRAY['ALTER TABLE ' || b.quoted || ' REPLICA IDENTITY DEFAULT'],
        ARRAY['ALTER TABLE ' || b.quoted || ' REPLICA IDENTITY ' || CASE b.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL'
            ELSE 'USING INDEX ' || coalesce((
                SELECT pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                WHERE i.indrelid = b.oid AND i.indisreplident), '') END],
        NULL, false, NULL, NULL, NULL, -1
    FROM tables b WHERE b.relreplident <> 'd'
    UNION ALL
    SELECT 'row type', 0, b.oid, b.oid, true, NULL, 'row type of ' || b.quoted,
        pg_catalog.array_remove(ARRAY[
            CASE WHEN b.reloftype <> 0 THEN 'ALTER TABLE ' || b.quoted || ' NOT OF' END,
            CASE WHEN b.type_comment IS NOT NULL THEN 'COMMENT ON TYPE ' || b.quoted || ' IS NULL' END,
            'REVOKE ALL ON TYPE ' || b.quoted || ' FROM ' || (
                SELECT pg_catalog.string_agg(CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END, ', ' ORDER BY x.ordinality)
                FROM pg_catalog.aclexplode(b.typacl) WITH ORDINALITY x)
        ], NULL),
        ARRAY[
            'ALTER TABLE ' || b.quoted || ' OF ' || pg_catalog.format_type(nullif(b.reloftype, 0), NULL),
            'COMMENT ON TYPE ' || b.quoted || ' IS ' || pg_catalog.quote_literal(b.type_comment)
        ]
        || CASE WHEN b.typacl IS NOT NULL THEN
            ARRAY[pg_catalog.format('REVOKE ALL ON TYPE %s FROM PUBLIC, %I', b.quoted, pg_catalog.pg_get_userbyid(b.relowner))]
            || ARRAY(
                SELECT pg_catalog.format('GRANT %s ON TYPE %s TO %s%s', x.privilege_type, b.quoted,
                    CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
                    CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                FROM pg_catalog.aclexplode(b.typacl) WITH ORDINALITY x ORDER BY x.ordinality)
            ELSE '{}' END,
        NULL, false, NULL, NULL, NULL, -1
    FROM tables b WHERE b.reloftype <> 0 OR b.type_comment IS NOT NULL OR b.typacl IS NOT NULL
    UNION ALL
    -- The relation is the parent, which the swap has to lock before the table: queries on it look up its children then.
    SELECT 'inheritance', 0, b.oid, r.oid, true, r.relkind, 'inheritance of ' || b.quoted || ' from ' || r.quoted,
        ARRAY['ALTER TABLE ' || b.quoted || ' NO INHERIT ' || r.quoted],
        ARRAY['ALTER TABLE ' || b.quoted || ' INHERIT ' || r.quoted],
        NULL, false, NULL, NULL, NULL, -1
    FROM tables b
    JOIN pg_catalog.pg_inherits h ON h.inhrelid = b.oid
    JOIN relations r ON r.oid = h.inhparent AND r.relkind = 'r'
    UNION ALL
    -- What binding a child anew locks besides it is asked for without waiting, as far as we may ask.
    SELECT 'child', 0, c.oid, c.oid, true, c.relkind, 'child ' || c.quoted,
        ARRAY(
            SELECT 'LOCK TABLE ONLY ' || t.parent || ' IN SHARE UPDATE EXCLUSIVE MODE NOWAIT'
            FROM ties t WHERE t.child = c.oid AND NOT t.ours AND pg_catalog.has_table_privilege(t.parent_oid, 'UPDATE, DELETE, TRUNCATE')
            ORDER BY t.seq)
        || ARRAY(
            SELECT pg_catalog.format('LOCK TABLE ONLY %I.%I IN ACCESS SHARE MODE NOWAIT', n.nspname, k.relname)
            FROM (
                WITH RECURSIVE down AS (
                    SELECT h.inhrelid AS oid FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid
                    UNION
                    SELECT h.inhrelid FROM down d JOIN pg_catalog.pg_inherits h ON h.inhparent = d.oid
                )
                SELECT d.oid FROM down d
            ) d
            JOIN pg_catalog.pg_class k ON k.oid = d.oid AND k.relkind = 'r'
            JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace
            WHERE pg_catalog.has_table_privilege(d.oid, 'SELECT')
            ORDER BY d.oid)
        || ARRAY(
            SELECT s.step
            FROM ties t
            CROSS JOIN LATERAL (VALUES
                (1, 'CREATE TABLE ' || t.stand_in || ' () INHERITS (' || t.parent || ')'),
                (2, 'ALTER TABLE ' || t.stand_in || ' NO INHERIT ' || t.parent)) AS s (place, step)
            WHERE t.child = c.oid AND t.maker ORDER BY t.seq, s.place)
        || ARRAY[
            'ALTER TABLE ' || c.quoted || ' ' || (
                SELECT pg_catalog.string_agg('INHERIT ' || t.stand_in, ', ' ORDER BY t.seq)
                    || ', ' || pg_catalog.string_agg('NO INHERIT ' || t.parent, ', ' ORDER BY t.seq)
                FROM ties t WHERE t.child = c.oid)],
        ARRAY[
            'ALTER TABLE ' || c.quoted || ' ' || (
                SELECT pg_catalog.string_agg('INHERIT ' || t.parent, ', ' ORDER BY t.seq)
                    || ', ' || pg_catalog.string_agg('NO INHERIT ' || t.stand_in, ', ' ORDER BY t.seq)
                FROM ties t WHERE t.child = c.oid)]
        || ARRAY(SELECT 'DROP TABLE ' || t.stand_in FROM ties t WHERE t.child = c.oid AND t.maker ORDER BY t.seq),
        NULL, false, NULL, NULL, NULL, -1
    FROM relations c
    WHERE c.oid IN (SELECT t.child FROM ties t)
    UNION ALL
    -- ATTACH takes in the indexes by itself; said again, that fails if it took another one of several alike.
    SELECT 'inheritance', 0, b.oid, r.oid, true, r.relkind, 'partition ' || b.quoted || ' of ' || r.quoted,
        ARRAY['ALTER TABLE ' || r.quoted || ' DETACH PARTITION ' || b.quoted],
        ARRAY['ALTER TABLE ' || r.quoted || ' ATTACH PARTITION ' || b.quoted || ' ' || pg_catalog.pg_get_expr(b.relpartbound, b.oid)]
        || ARRAY(
            SELECT pg_catalog.format('ALTER INDEX %s ATTACH PARTITION %s', p.identity, c.identity)
            FROM pg_catalog.pg_index x
            JOIN pg_catalog.pg_inherits i ON i.inhrelid = x.indexrelid
            CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, i.inhparent, 0) p
            CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, i.inhrelid, 0) c
            WHERE x.indrelid = b.oid ORDER BY p.identity),
        NULL, false, NULL, NULL, NULL, -1
    FROM tables b
    JOIN pg_catalog.pg_inherits h ON h.inhrelid = b.oid
    JOIN relations r ON r.oid = h.inhparent AND r.relkind = 'p'
    WHERE b.relispartition AND b.oid <> ALL (@apart::oid[])
    UNION ALL
    -- What ATTACH makes of the parent's triggers has the parent's state.
    SELECT 'trigger state', 0, g.oid, r.oid, true, r.relkind, 'state of trigger ' || pg_catalog.quote_ident(g.tgname) || ' on ' || r.quoted,
        NULL,
        ARRAY[
            CASE WHEN g.tgenabled <> p.tgenabled THEN pg_catalog.format('ALTER TABLE %s %s TRIGGER %I', r.quoted,
                CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, g.tgname) END,
            pg_catalog.format('COMMENT ON TRIGGER %I ON %s IS ', g.tgname, r.quoted)
                || pg_catalog.quote_literal(pg_catalog.obj_description(g.oid, 'pg_trigger'))
        ],
        NULL, false, NULL, NULL, NULL, -1
    FROM pg_catalog.pg_trigger g
    JOIN pg_catalog.pg_trigger p ON p.oid = g.tgparentid AND NOT p.tgisinternal AND p.tgrelid <> g.tgrelid
    JOIN relations r ON r.oid = g.tgrelid AND r.ours
    WHERE g.tgenabled <> p.tgenabled OR pg_catalog.obj_description(g.oid, 'pg_trigger') IS NOT NULL
    UNION ALL
    SELECT 'extension', 0, d.objid, b.oid, true, NULL,
        pg_catalog.format('dependence of index %s on extension %I', i.identity, e.extname),
        ARRAY[pg_catalog.format('ALTER INDEX %s NO DEPENDS ON EXTENSION %I', i.identity, e.extname)],
        ARRAY[pg_catalog.format('ALTER INDEX %s DEPENDS ON EXTENSION %I', i.identity, e.extname)],
        NULL, false, NULL, NULL, NULL, -1
    FROM tables b
    JOIN pg_catalog.pg_index x ON x.indrelid = b.oid
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = x.indexrelid
        AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'x'
    JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
),
direct AS MATERIALIZED (
    SELECT e.classid, e.objid
    FROM edges e
    JOIN tables b ON e.refclassid = 'pg_catalog.pg_class'::regclass AND e.refobjid = b.oid
        OR e.refclassid = 'pg_catalog.pg_type'::regclass AND e.refobjid IN (b.reltype, b.typarray)
    GROUP BY 1, 2
),
-- What others may refer to: an object, or the row type of a view and its arrays.
named AS MATERIALIZED (
    SELECT o.classid, o.objid, o.objid AS self, o.name FROM objects o
    UNION ALL
    SELECT 'pg_catalog.pg_type'::regclass, v.oid, o.objid, o.name
    FROM objects o
    JOIN pg_catalog.pg_class c ON c.oid = o.objid
    JOIN pg_catalog.pg_type y ON y.oid = c.reltype
    CROSS JOIN LATERAL (VALUES (y.oid), (y.typarray)) AS v (oid)
    WHERE o.kind IN ('view', 'materialized view') AND v.oid <> 0
),
-- Joined once for all: the swap reads this under its locks.
uses AS MATERIALIZED (
    SELECT e.classid, e.objid, pg_catalog.array_agg(DISTINCT n.name ORDER BY n.name) AS names
    FROM edges e
    JOIN named n ON n.classid = e.refclassid AND n.objid = e.refobjid
    WHERE n.self <> e.objid
    GROUP BY 1, 2
)
SELECT o.kind, o.name, o.objid AS oid, coalesce(o.rel, 0)::oid AS relation, o.on_table,
    coalesce(o.relkind = 'v', false) AS on_view,
    coalesce(r.schema, '') AS relation_schema, coalesce(r.name, '') AS relation_name,
    coalesce(pg_catalog.pg_get_userbyid(r.relowner), '') AS relation_owner,
    coalesce(r.relkind = 'm' AND r.relispopulated, false) AS populated,
    ARRAY(
        SELECT c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        WHERE o.kind = 'materialized view' AND i.indrelid = r.oid ORDER BY 1
    ) AS indexes,
    coalesce(o.drop, '{}') AS drop,
    coalesce(pg_catalog.array_remove(o.create, NULL) || e.depends, '{}') AS create,
    coalesce(o.replace || e.depends, '{}') AS replace,
    coalesce(m.constraint, '') AS partition_constraint, coalesce(m.default_oid, 0)::oid AS default_oid,
    coalesce(m.default_schema, '') AS default_schema, coalesce(m.default_name, '') AS default_name,
    CASE WHEN o.kind = 'child' THEN ARRAY(
        SELECT 'column ' || pg_catalog.quote_ident(a.attname)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = o.objid AND NOT a.attislocal AND NOT a.attisdropped
        UNION ALL
        SELECT 'constraint ' || pg_catalog.quote_ident(k.conname)
        FROM pg_catalog.pg_constraint k WHERE k.conrelid = o.objid AND k.contype IN ('c', 'n') AND NOT k.conislocal
        ORDER BY 1
    ) ELSE '{}' END AS inherited,
    o.signature, coalesce(o.statistics, '') AS statistics, coalesce(o.statistics_name, '') AS statistics_name, coalesce(o.schema, '') AS schema, o.statistics_target,
    d.classid IS NOT NULL AS direct, coalesce(u.names, '{}') AS uses
FROM objects o
LEFT JOIN relations r ON r.oid = o.rel
LEFT JOIN direct d ON d.classid = o.classid AND d.objid = o.objid
LEFT JOIN uses u ON u.classid = o.classid AND u.objid = o.objid
LEFT JOIN LATERAL (
    SELECT pg_catalog.pg_get_partition_constraintdef(o.objid) AS constraint, c.oid AS default_oid, n.nspname AS default_schema,
        c.relname AS default_name
    FROM pg_catalog.pg_partitioned_table t
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.partdefid AND c.oid <> o.objid
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE o.kind = 'inheritance' AND t.partrelid = o.rel
) m ON true
-- What is replaced loses these as well.
CROSS JOIN LATERAL (
    SELECT ARRAY(
        SELECT pg_catalog.format('ALTER %s %s DEPENDS ON EXTENSION %I', pg_catalog.upper(i.type), i.identity, x.extname)
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
        CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
        WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'x' AND (
            d.classid = o.classid AND d.objid = o.objid
            OR o.kind = 'materialized view' AND d.classid = 'pg_catalog.pg_class'::regclass
                AND d.objid IN (SELECT g.indexrelid FROM pg_catalog.pg_index g WHERE g.indrelid = o.objid))
        ORDER BY 1) AS depends
) e
ORDER BY o.objid, o.kind, (
    SELECT h.inhseqno FROM pg_catalog.pg_inherits h
    WHERE o.kind = 'inheritance' AND h.inhrelid = o.objid AND h.inhparent = o.rel)
