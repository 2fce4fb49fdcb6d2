-- preflight/publications_of_partitions.sql
-- List the publications of a table that would publish the changes of its partitions under their own names.
-- https://www.postgresql.org/docs/current/sql-createpublication.html (publish_via_partition_root)
--
-- lock: none
-- runs: anywhere
SELECT p.pubname
FROM pg_catalog.pg_publication_rel r
JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
WHERE r.prrelid = @oid AND NOT p.pubviaroot
ORDER BY p.pubname
