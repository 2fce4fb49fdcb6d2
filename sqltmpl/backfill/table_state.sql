-- backfill/table_state.sql
-- Which file the table is in and what shape it has, to notice rewrites and DDL by others.
--
-- lock: none; the caller has locked the table
-- runs: inside a transaction that locked the table
SELECT c.oid AS oid,
    -- As in session/filenode.sql.
    coalesce(
        pg_catalog.pg_relation_filenode(c.oid),
        (SELECT ((pg_catalog.hashtextextended(pg_catalog.string_agg(
                l.oid::text || ':' || pg_catalog.pg_relation_filenode(l.oid)::text, ',' ORDER BY l.oid), 0)
            & 4294967295) | 1)::pg_catalog.oid
        FROM (
            WITH RECURSIVE tree AS (
                SELECT c.oid WHERE c.relkind = 'p'
                UNION ALL
                SELECT h.inhrelid FROM tree t JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid
            )
            SELECT t.oid FROM tree t
        ) l),
        0) AS filenode,
    (SELECT pg_catalog.md5(pg_catalog.string_agg(pg_catalog.concat_ws(',', a.attnum, a.attname, a.atttypid, a.atttypmod,
            a.attnotnull, a.attgenerated, a.attisdropped), ';' ORDER BY a.attnum))
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0) AS shape,
    (SELECT count(*)
        FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = c.oid AND t.tgname = ANY (@triggers) AND t.tgenabled = 'A') AS triggers
FROM pg_catalog.pg_class c
WHERE c.oid = pg_catalog.to_regclass(@name)
