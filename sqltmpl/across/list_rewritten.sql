-- across/list_rewritten.sql
-- List the tables among some, and their partitions at every depth, that got another file since the snapshot, and partitions that are none
-- any more: the catalog is read as of it, the functions read what is now. TRUNCATE and rewrites are not MVCC-safe: the snapshot would
-- show no rows, or not those it should.
--
-- lock: none; the caller has locked the tables
-- runs: inside a transaction with the shared snapshot
WITH RECURSIVE tree AS (
    SELECT o.oid, o.oid AS root, false AS below
    FROM pg_catalog.unnest(@oids::oid[]) AS o (oid)
    UNION ALL
    SELECT h.inhrelid, t.root, true
    FROM tree t
    JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid AND NOT h.inhdetachpending
    JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relispartition
)
SELECT DISTINCT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM tree t
JOIN pg_catalog.pg_class c ON c.oid = t.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relfilenode <> 0 AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid)
    OR t.below AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(t.root) p WHERE p.relid = t.oid)
ORDER BY 1
