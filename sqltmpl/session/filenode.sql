-- session/filenode.sql
-- Which file a relation is in.
--
-- lock: none; the caller has locked the table
-- runs: inside a transaction that locked the table
SELECT coalesce(pg_catalog.pg_relation_filenode(@relation::pg_catalog.oid), 0)
