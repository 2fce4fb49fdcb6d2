-- session/filenode.sql
-- Which file a relation is in; of a partitioned table, a number that changes with the files of its partitions.
--
-- lock: none; the caller has locked the table
-- runs: inside a transaction that locked the table
SELECT coalesce(
    pg_catalog.pg_relation_filenode(@relation::pg_catalog.oid),
    (SELECT ((pg_catalog.hashtextextended(pg_catalog.string_agg(
            h.inhrelid::text || ':' || pg_catalog.pg_relation_filenode(h.inhrelid)::text, ',' ORDER BY h.inhrelid), 0)
        & 4294967295) | 1)::pg_catalog.oid
    FROM pg_catalog.pg_inherits h
    JOIN pg_catalog.pg_class c ON c.oid = h.inhparent AND c.relkind = 'p'
    WHERE h.inhparent = @relation::pg_catalog.oid),
    0)
