-- session/filenode.sql
-- Which file a relation is in; of a partitioned table, a number that changes with the files of its partitions.
--
-- lock: none; the caller has locked the table
-- runs: inside a transaction that locked the table
SELECT coalesce(
    pg_catalog.pg_relation_filenode(@relation::pg_catalog.oid),
    (SELECT ((pg_catalog.hashtextextended(pg_catalog.string_agg(
            l.oid::text || ':' || pg_catalog.pg_relation_filenode(l.oid)::text, ',' ORDER BY l.oid), 0)
        & 4294967295) | 1)::pg_catalog.oid
    FROM (
        -- Not pg_partition_tree, which locks them.
        WITH RECURSIVE tree AS (
            SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid = @relation::pg_catalog.oid AND c.relkind = 'p'
            UNION ALL
            SELECT h.inhrelid FROM tree t JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid
        )
        SELECT t.oid FROM tree t
    ) l),
    0)
