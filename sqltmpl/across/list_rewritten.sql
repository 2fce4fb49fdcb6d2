-- across/list_rewritten.sql
-- List the tables among some that got another file since the snapshot, and partitions that are none any more: the catalog is read as
-- of it, the functions read what is now. TRUNCATE and rewrites are not MVCC-safe: the snapshot would show no rows, or not those it should.
--
-- lock: none; the caller has locked the tables
-- runs: inside a transaction with the shared snapshot
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (c.oid = ANY (@oids::oid[])
        OR c.oid IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = ANY (@oids::oid[])))
    AND c.relfilenode <> 0
    AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid)
UNION
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM pg_catalog.unnest(@oids::oid[]) AS o (oid)
JOIN pg_catalog.pg_inherits h ON h.inhparent = o.oid AND NOT h.inhdetachpending
JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relispartition
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(o.oid) p WHERE p.relid = h.inhrelid)
ORDER BY 1
