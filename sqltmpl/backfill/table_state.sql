-- backfill/table_state.sql
-- Which file the table is in and what shape it has, to notice rewrites and DDL by others.
--
-- lock: none; the caller has locked the table
-- runs: inside a transaction that locked the table
SELECT c.oid AS oid,
    pg_catalog.pg_relation_filenode(c.oid) AS filenode,
    (SELECT pg_catalog.md5(pg_catalog.string_agg(pg_catalog.concat_ws(',', a.attnum, a.attname, a.atttypid, a.atttypmod,
            a.attnotnull, a.attgenerated, a.attisdropped), ';' ORDER BY a.attnum))
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0) AS shape,
    (SELECT count(*)
        FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = c.oid AND t.tgname = ANY (@triggers) AND t.tgenabled = 'A') AS triggers
FROM pg_catalog.pg_class c
WHERE c.oid = pg_catalog.to_regclass(@name)
